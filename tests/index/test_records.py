"""Records that are not part of a call, page by page."""

from gatebook.index import Index, RecordRow
from gatebook.index.records import RecordFilter, find_records


def _row(number: int, **values: str) -> RecordRow:
    base = {"type": "log.read", "subject": f"s{number % 2}"}
    return RecordRow(
        id=f"01a20000-0000-7000-8000-{number:012x}", time=1_793_000_000_000_000 + number, stream="n", seq=number, **{**base, **values}
    )


def test_pages_hold_each_record_once_newest_first(index: Index) -> None:
    """Of the types, the subjects and the time that were asked for."""
    index.insert([], [_row(at) for at in range(20)] + [_row(30, type="config.changed")])
    limited = [(("log.read",), ("s1", "s7"))]
    wanted = RecordFilter(limited=limited, since_us=1_793_000_000_000_003, until_us=1_793_000_000_000_017, limit=4)
    first = find_records(index, wanted)
    assert [row.seq for row in first.rows] == [15, 13, 11, 9]
    second = find_records(index, RecordFilter(limited=limited, since_us=1_793_000_000_000_003, before=first.next, limit=4))
    assert ([row.seq for row in second.rows], second.next) == ([7, 5, 3], None)
    assert len(find_records(index, RecordFilter(types=("log.read", "config.changed"))).rows) == 21
    both = RecordFilter(types=("config.changed",), limited=limited)
    assert [row.seq for row in find_records(index, both).rows] == [30, *range(19, 0, -2)]
    assert find_records(index, RecordFilter()).rows == []
