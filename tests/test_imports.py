"""The import direction of docs/architecture.md, held by a walk over the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The layer of a module is that of its longest prefix here; a module imports its own layer and lower ones.
LAYERS = {
    "memory.enums": 0,
    "memory.exceptions": 0,
    "memory.conf": 0,
    "memory.constants": 0,
    "memory.signals": 0,
    "memory.progress": 0,
    "memory.sealing": 0,
    "memory.outbound": 0,
    "memory.outbound_limits": 0,
    "memory.llm.base": 0,
    "memory.llm.endpoint": 0,
    "memory.embedding.base": 0,
    "memory.domain.heat": 0,
    "memory.domain.similarity": 0,
    "memory.domain.lexical": 0,
    "memory.domain.languages": 0,
    "memory.domain.stop_words": 0,
    "memory.domain.dates": 0,
    "memory.domain.date_words": 0,
    "memory.domain.date_periods": 0,
    "memory.domain.date_tokens": 0,
    "memory.domain.tokens": 0,
    "memory.domain.traits": 0,
    "memory.models": 1,
    "memory.llm": 1,
    "memory.embedding": 1,
    "memory.domain": 2,
    "memory": 3,
    "chat": 4,
    "memoryos_site": 5,
}
ALLOWED_UPWARD = {
    # The command is the product's front door; the rest of memory knows nothing of the site.
    ("memory.management.commands.serve", "memoryos_site"),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in ("memory", "chat", "memoryos_site"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                yield name.removesuffix(".__init__"), path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> int | None:
    prefixes = [prefix for prefix in LAYERS if name == prefix or name.startswith(f"{prefix}.")]
    return LAYERS[max(prefixes, key=len)] if prefixes else None


def test_nothing_imports_a_higher_layer() -> None:
    breaches = [
        f"{name} imports {target}"
        for name, path in modules()
        for target in imported(path)
        if (above := layer(target)) is not None
        and above > (layer(name) or 0)
        and not any(name == who and target.startswith(what) for who, what in ALLOWED_UPWARD)
    ]
    assert breaches == []


def test_the_adapters_import_no_models() -> None:
    adapters = [(name, path) for name, path in modules() if name.startswith(("memory.llm", "memory.embedding"))]
    assert len(adapters) > 5
    assert [name for name, path in adapters if any(t.startswith("memory.models") for t in imported(path))] == []


def test_only_the_openai_adapters_import_openai() -> None:
    users = {name for name, path in modules() if any(t.split(".")[0] == "openai" for t in imported(path))}
    assert users <= {"memory.llm.openai", "memory.embedding.openai"}
    assert users


def test_memory_and_the_site_know_nothing_of_each_others_insides() -> None:
    breaches = [
        f"{name} imports {target}"
        for name, path in modules()
        if name.startswith("chat")
        for target in imported(path)
        if target.startswith("memoryos_site")
    ]
    assert breaches == []


def test_no_module_is_a_drawer() -> None:
    assert [name for name, _ in modules() if name.split(".")[-1] in {"services", "utils", "helpers", "common"}] == []


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _at_run_time(path: Path) -> Iterator[str]:
    """Yield the packages that a module imports when it runs, wherever in it."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if _for_types_only(node):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]
        waiting += ast.iter_child_nodes(node)


def test_the_product_imports_nothing_that_only_its_developers_install() -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    installed = {canonical(name) for name in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE)}
    owners = packages_distributions()
    foreign = [
        f"{name} imports {package}"
        for name, path in modules()
        for package in _at_run_time(path)
        if package in owners and not {canonical(owner) for owner in owners[package]} & installed
    ]
    assert "django" in installed
    assert foreign == []


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
