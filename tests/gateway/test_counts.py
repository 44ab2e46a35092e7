"""Counts of a sliding time, shared by the workers of a node."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway.counts import Counted, Counts, counted_of
from gatebook.policy.rules import Limit


def one(key: tuple[str, ...] = ("ann",), per_s: int = 60) -> Counted:
    """Return the count of a rule of calls."""
    ((counted, _),) = counted_of("rule", Limit(per_s=per_s, calls_max=1), key)
    return counted


def test_workers_count_together(tmp_path: Path) -> None:
    """What one worker lets through counts for the other, and a worker that starts again goes on."""
    first, second = Counts(tmp_path, 0), Counts(tmp_path, 1)
    first.look_again()
    for counts in (first, second, second):
        counts.add(one(), 1, 1000.0)
    assert first.above(one(), 3, 1000.0) and not first.above(one(), 4, 1000.0)
    assert not first.above(one(("bob",)), 1, 1000.0)
    second.close()
    second = Counts(tmp_path, 1)
    second.look_again()
    assert second.above(one(), 3, 1000.0)
    first.close()
    second.close()


@given(st.lists(st.floats(0, 300), min_size=1, max_size=60).map(sorted))
def test_a_count_is_never_far_from_the_truth(times: list[float]) -> None:
    """Against a list of all calls: at most the calls of the part before are told wrong, and after two parts nothing is left."""
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        counts = Counts(Path(directory), 0)
        for time_s in times:
            counts.add(one(), 1, time_s)
        now_s = times[-1]
        part = int(now_s // 60)
        current = sum(int(time_s // 60) == part for time_s in times)
        before = sum(int(time_s // 60) == part - 1 for time_s in times)
        assert counts.above(one(), current, now_s) and not counts.above(one(), current + before + 1, now_s)
        assert not counts.above(one(), 1, now_s + 121)
        counts.close()


def test_a_full_table_forgets_what_is_oldest(tmp_path: Path) -> None:
    """A flood of keys takes no more memory, and the newest keys are still counted."""
    counts = Counts(tmp_path, 0)
    for number in range(30_000):
        counts.add(one((str(number),)), 1, 1000.0 + number / 100)
    newest = [one((str(number),)) for number in range(29_900, 30_000)]
    assert sum(counts.above(counted, 1, 1300.0) for counted in newest) >= 95
    counts.close()
