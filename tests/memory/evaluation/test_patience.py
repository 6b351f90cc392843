from collections.abc import Callable

import pytest

from memory.evaluation.patience import patiently, patiently_awaited
from memory.exceptions import InvalidConsolidation, InvalidText, MemoryOSError, ModelTimedOut, ModelUnauthorised

NO_PAUSE = (0.0, 0.0)


def failing(*errors: MemoryOSError) -> tuple[Callable[[], str], list[int]]:
    """Return work that raises these errors, one a call, and then succeeds; and the list of its calls."""
    calls: list[int] = []

    def work() -> str:
        calls.append(len(calls) + 1)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return "done"

    return work, calls


def test_a_passing_failure_is_tried_again() -> None:
    work, calls = failing(ModelTimedOut(), InvalidConsolidation())
    assert patiently(work, NO_PAUSE) == "done"
    assert calls == [1, 2, 3]


async def test_so_is_one_that_is_awaited() -> None:
    work, calls = failing(ModelTimedOut(), InvalidConsolidation())

    async def later() -> str:
        return work()

    assert await patiently_awaited(later, NO_PAUSE) == "done"
    assert calls == [1, 2, 3]


def test_patience_ends() -> None:
    work, calls = failing(*[ModelTimedOut() for _ in range(9)])
    with pytest.raises(ModelTimedOut):
        patiently(work, NO_PAUSE)
    assert calls == [1, 2, 3]


@pytest.mark.parametrize("error", [ModelUnauthorised(), InvalidText()])
async def test_what_no_attempt_can_mend_is_raised_at_once(error: MemoryOSError) -> None:
    work, calls = failing(error)

    async def later() -> str:
        return work()

    with pytest.raises(type(error)):
        patiently(work, NO_PAUSE)
    assert calls == [1]
    calls.clear()
    with pytest.raises(type(error)):
        await patiently_awaited(later, NO_PAUSE)
    assert calls == [1]
