"""What the engine does for a question: how many statements, and how many rows each reads. The same for the same work, however busy the machine is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gatebook.index.engine import Engine


@contextmanager
def counted(engine: Engine) -> Iterator[list[int]]:
    """Rows that each statement read, in no order, for as long as the block runs. Other threads of the keeper must be quiet meanwhile."""
    found: list[int] = []
    run = engine._run

    def counting(*args: Any) -> Any:
        result = run(*args)
        found.append(int(result.storage_rows_read()))
        return result

    engine._run = counting  # type: ignore[method-assign]
    try:
        yield found
    finally:
        engine._run = run  # type: ignore[method-assign]
