"""What the benchmark found: figures, their ratios, and how people and programs read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

_COLUMNS = {
    "record p50": "record_ms_p50",
    "record p95": "record_ms_p95",
    "recall p50": "recall_ms_p50",
    "recall p95": "recall_ms_p95",
    "exact scan p50": "exact_scan_ms_p50",
    "exact scan p95": "exact_scan_ms_p95",
}


@dataclass(frozen=True, slots=True)
class Ratios:
    """What holds on a noisy machine: quotients of p95s of one run; None where there is only one size."""

    recall_to_exact_scan: Mapping[str, float]
    """By the memory's pages."""
    recall_largest_to_next: float | None = None
    record_largest_to_smallest: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. `sizes` maps a memory's pages to its figures, times in milliseconds."""

    sizes: Mapping[int, Mapping[str, float]]
    others: int
    worker_pages_per_s: float
    peak_memory_mb: float
    """Of this process, while measuring; where the system cannot tell (macOS), including the building."""
    build_memory_mb: float
    build_s: float
    database_mb: float

    @property
    def ratios(self) -> Ratios:
        by_size = [self.sizes[size] for size in sorted(self.sizes)]
        to_scan = {str(n): _ratio(row["recall_ms_p95"], row["exact_scan_ms_p95"]) for n, row in self.sizes.items()}
        if len(by_size) == 1:
            return Ratios(to_scan)
        return Ratios(
            to_scan,
            _ratio(by_size[-1]["recall_ms_p95"], by_size[-2]["recall_ms_p95"]),
            _ratio(by_size[-1]["record_ms_p95"], by_size[0]["record_ms_p95"]),
        )

    def as_json(self) -> dict[str, object]:
        """Return what `json.dumps` takes: the fields and `ratios`."""
        sizes = {str(size): dict(row) for size, row in self.sizes.items()}
        return {**asdict(self), "sizes": sizes, "ratios": asdict(self.ratios)}


def _ratio(a: float, b: float) -> float:
    return round(a / max(b, 1e-3), 2)


def table(figures: Figures) -> str:
    """Return the figures as people read them."""
    ratios = figures.ratios
    lines = [f"{'pages':>10}" + "".join(f"{name:>16}" for name in (*_COLUMNS, "recall / scan"))]
    for size, row in figures.sizes.items():
        values = [f"{row[name]:.1f} ms" for name in _COLUMNS.values()]
        lines.append(
            f"{size:>10,}" + "".join(f"{v:>16}" for v in (*values, f"{ratios.recall_to_exact_scan[str(size)]} x"))
        )
    if ratios.recall_largest_to_next is not None:
        lines += [
            "",
            f"Recall p95, largest memory to the next smaller one: {ratios.recall_largest_to_next} x",
            f"Record p95, largest memory to the smallest: {ratios.record_largest_to_smallest} x",
        ]
    return "\n".join(
        [
            *lines,
            "",
            f"Beside {figures.others:,} pages of other people: {figures.database_mb:,.0f} MB, "
            f"built in {figures.build_s:.0f} s.",
            f"Worker, with a model that answers at once: {figures.worker_pages_per_s:,.0f} pages a second.",
            f"Peak memory of this process: {figures.peak_memory_mb:.0f} MB "
            f"(building: {figures.build_memory_mb:.0f} MB).",
        ]
    )
