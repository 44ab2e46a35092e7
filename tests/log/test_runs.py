"""Runs: record to leaf and back, for any interleaving of streams."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.log.runs import Run, Runs, RunsError, load_runs


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 9)), max_size=30))
def test_both_directions(steps: list[tuple[str, int]]) -> None:
    """Every leaf leads to its record and every record to its leaf; heads at any size are the records before it."""
    runs, order, heads = Runs(), [], {"a": 0, "b": 0, "c": 0}
    for stream, length in steps:
        runs.add(Run(runs.size, stream, heads[stream] + 1, length))
        order += [(stream, heads[stream] + number) for number in range(1, length + 1)]
        heads[stream] += length
    for leaf, (stream, seq) in enumerate(order):
        assert runs.record_of(leaf) == (stream, seq)
        assert runs.leaf_of(stream, seq) == leaf
    assert all(runs.leaf_of(stream, last + 1) is None for stream, last in heads.items())
    for size in range(len(order) + 1):
        expected: dict[str, int] = {}
        for stream, seq in order[:size]:
            expected[stream] = seq
        assert runs.heads_at(size) == expected
    for stream, last in heads.items():
        spans = [(seq + step, leaf + step) for seq, leaf, count in runs.spans(stream, 1, last + 5) for step in range(count)]
        assert spans == [(seq, leaf) for leaf, (own, seq) in enumerate(order) if own == stream]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0 a 1 5\n", 6),
        ("0 a 1 5\n", 4),
        ("1 a 1 5\n", 5),
        ("0 a 2 5\n", 5),
        ("0 a 1 5\n5 a 7 1\n", 6),
        ("0 A 1 5\n", 5),
        ("0 a 1 5", 5),
        ("0 a 1 0\n", 1),
    ],
)
def test_wrong_runs(tmp_path: Path, text: str, size: int) -> None:
    """Gaps, overlaps, malformed or unfinished lines are errors."""
    (tmp_path / "runs").write_text(text)
    with pytest.raises(RunsError):
        load_runs(tmp_path / "runs", size)


def test_what_was_never_signed_is_left_out(tmp_path: Path) -> None:
    """Lines beyond the checkpoint, whole or torn, do not matter."""
    (tmp_path / "runs").write_text("0 a 1 5\n5 b 1 2\n7 a 6 1\n8 a")
    runs = load_runs(tmp_path / "runs", 7)
    assert (runs.size, runs.heads) == (7, {"a": 5, "b": 2})
    assert load_runs(tmp_path / "absent", 0).size == 0
    with pytest.raises(RunsError, match="missing"):
        load_runs(tmp_path / "absent", 1)
