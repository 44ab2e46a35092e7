"""Roots over the records as they are, for every checkpoint in one pass."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.log.merkle import CompactRange
from gatebook.log.report import Findings
from gatebook.log.runs import Run, Runs
from gatebook.log.scan import Batch
from gatebook.log.tiles import TileWriter
from gatebook.log.tree_check import LeafCheck, tree_roots


def write(tile_dir: Path, count: int) -> list[bytes]:
    """Tiles of so many leaves."""
    leaves = [sha256(str(number).encode()).digest() for number in range(count)]
    writer = TileWriter(tile_dir, 0)
    writer.append(b"".join(leaves))
    writer.flush()
    return leaves


def root(leaves: list[bytes]) -> bytes:
    """The root over them."""
    range_ = CompactRange()
    range_.extend(b"".join(leaves))
    return range_.root()


@settings(max_examples=25)
@given(data=st.data(), size=st.integers(1, 1100))
def test_roots_at_any_sizes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, size: int) -> None:
    """Every wanted root is that of the first leaves, with those replaced that differ from the tiles."""
    tile_dir = tmp_path_factory.mktemp("tiles")
    leaves = write(tile_dir, size)
    wanted = sorted({size, *data.draw(st.lists(st.integers(1, size), max_size=20))})
    changed = data.draw(st.lists(st.integers(0, size - 1), max_size=5))
    replaced: dict[int, dict[int, bytes]] = {}
    for leaf in changed:
        leaves[leaf] = sha256(b"changed").digest()
        replaced.setdefault(leaf // 256, {})[leaf % 256] = leaves[leaf]
    findings = Findings()
    roots = tree_roots(tile_dir, size, wanted, replaced, findings)
    assert {goal: roots[goal] for goal in wanted} == {goal: root(leaves[:goal]) for goal in wanted}
    assert not findings.items


def test_leaves_that_differ_are_joined_to_ranges(tmp_path: Path) -> None:
    """Neighbours become one finding, with the place of the first; each is remembered for the root."""
    leaves = write(tmp_path, 600)
    runs = Runs()
    runs.add(Run(0, "a", 1, 600))
    check = LeafCheck(tmp_path, runs)
    for seq in (10, 11, 12, 256, 257, 400):
        leaves[seq - 1] = bytes([seq % 256]) * 32
    for first in (0, 250):
        part = leaves[first : 250 if first == 0 else 600]
        check.take(Batch("a", first + 1, 1, part, [32 + 100 * number for number in range(first, first + len(part))]))
    found = [(one.seq, one.seq_last, one.offset, one.leaf) for one in check.findings.items]
    assert found == [(10, 12, 932, 9), (256, 257, 25532, 255), (400, None, 39932, 399)]
    assert sum(map(len, check.replaced.values())) == 6
