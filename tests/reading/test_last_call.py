"""When somebody's last call was seen."""

from pathlib import Path

from gatebook.index import Index
from gatebook.reading.last_call import last_call
from tests.index.conftest import full_row


async def test_it_is_the_newest_call_of_that_person_alone(tmp_path: Path) -> None:
    """Neither somebody else's later one nor the person's earlier ones; nobody's is none."""
    index = Index.open(tmp_path / "index")
    rows = [full_row(number, subject=subject) for number, subject in enumerate(("a1", "b2", "a1", "b2"))]
    index.insert(rows)
    assert await last_call(lambda: index, "a1") == rows[2].time
    assert await last_call(lambda: index, "b2") == rows[3].time
    assert await last_call(lambda: index, "c3") is None
    index.close()


async def test_without_an_index_it_is_not_known() -> None:
    """While it is rebuilt a receipt is completed all the same."""
    assert await last_call(lambda: None, "a1") is None
