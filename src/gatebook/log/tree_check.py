"""Compares records with the leaves of the sealed tree, and computes the roots that checkpoints must have."""

from collections.abc import Sequence
from pathlib import Path

from gatebook.log.merkle import EMPTY_ROOT, HASH_BYTES, CompactRange, perfect_root
from gatebook.log.report import Finding, Findings
from gatebook.log.runs import Runs
from gatebook.log.scan import Batch
from gatebook.log.tiles import TILE_WIDTH, TileError, TileReader, width_in

_REPLACED_MAX = 1_000_000


class LeafCheck:
    """Compares leaf hashes of records with the tiles; remembers those that differ, so that roots can be computed over the records themselves."""

    def __init__(self, tile_dir: Path, runs: Runs) -> None:
        self.findings = Findings()
        self.replaced: dict[int, dict[int, bytes]] = {}
        self._count = 0
        self._runs = runs
        self._tiles = TileReader(tile_dir, runs.size)
        self._index = -1
        self._tile = b""
        self._last: Finding | None = None

    def take(self, batch: Batch) -> None:
        """Compare the leaf hashes of records that follow each other."""
        for seq, leaf, count in self._runs.spans(batch.stream, batch.first_seq, len(batch.hashes)):
            at = seq - batch.first_seq
            while count:
                index, inside = divmod(leaf, TILE_WIDTH)
                part = min(count, TILE_WIDTH - inside)
                data = b"".join(batch.hashes[at : at + part])
                if self._leaves(index)[inside * HASH_BYTES : (inside + part) * HASH_BYTES] != data:
                    self._differ(batch, at, leaf, part)
                at, leaf, count = at + part, leaf + part, count - part

    def _leaves(self, index: int) -> bytes:
        if index != self._index:
            self._index = index
            try:
                self._tile = self._tiles.tile(0, index)
            except TileError as error:
                self._tile = b""
                self.findings.add(Finding(kind="tile", message=str(error), leaf=index * TILE_WIDTH))
        return self._tile

    def _differ(self, batch: Batch, at: int, leaf: int, count: int) -> None:
        stream = batch.stream
        for step in range(count):
            inside = (leaf + step) % TILE_WIDTH
            hash_ = batch.hashes[at + step]
            if self._tile[inside * HASH_BYTES : (inside + 1) * HASH_BYTES] == hash_:
                continue
            if self._count < _REPLACED_MAX:
                self._count += 1
                self.replaced.setdefault((leaf + step) // TILE_WIDTH, {})[inside] = hash_
            if not self._tile:
                continue
            seq, last = batch.first_seq + at + step, self._last
            if last is not None and last.stream == stream and (last.seq_last or last.seq) == seq - 1:
                last.seq_last = seq
                continue
            message = "the record is not the one in the sealed tree"
            offset = batch.offsets[at + step]
            finding = Finding(kind="leaf", message=message, stream=stream, seq=seq, segment=batch.segment, offset=offset, leaf=leaf + step)
            self._last = self.findings.add(finding)


def tree_roots(
    tile_dir: Path, size: int, wanted: Sequence[int], replaced: dict[int, dict[int, bytes]], findings: Findings
) -> dict[int, bytes]:
    """Return the root at each size in `wanted` (ascending, at most `size`) over the leaves as they are, with `replaced` in place of tiles.

    Tiles of higher levels that disagree with those below go to `findings`.
    """
    reader = TileReader(tile_dir, size)
    roots = {0: EMPTY_ROOT}
    range_ = CompactRange()
    next_wanted = iter(wanted)
    goal = next(next_wanted, None)
    for index in range((size + TILE_WIDTH - 1) // TILE_WIDTH):
        width = width_in(size, 0, index)
        try:
            tile = reader.tile(0, index)
        except TileError:
            tile = bytes(width * HASH_BYTES)
        whole = perfect_root(tile) if width == TILE_WIDTH else b""
        if whole:
            _compare_parent(reader, 1, index, whole, findings)
        if index in replaced:
            changed = bytearray(tile)
            for inside, hash_ in replaced[index].items():
                changed[inside * HASH_BYTES : (inside + 1) * HASH_BYTES] = hash_
            tile = bytes(changed)
            whole = perfect_root(tile) if whole else b""
        done, step = 0, range_.copy() if goal is not None and goal <= index * TILE_WIDTH + width else range_
        while goal is not None and goal <= index * TILE_WIDTH + width:
            upto = goal - index * TILE_WIDTH
            step.extend(tile[done * HASH_BYTES : upto * HASH_BYTES])
            roots[goal], done = step.root(), max(done, upto)
            goal = next(next_wanted, None)
        if whole:
            range_.append(whole, 8)
    for level in range(1, 8):
        for index in range((size >> (8 * level)) // TILE_WIDTH):
            try:
                _compare_parent(reader, level + 1, index, perfect_root(reader.tile(level, index)), findings)
            except TileError as error:
                findings.add(Finding(kind="tile", message=str(error)))
    return roots


def _compare_parent(reader: TileReader, level: int, index: int, expected: bytes, findings: Findings) -> None:
    try:
        if reader.node(8 * level, index) != expected:
            message = f"hash {index} of level {level} is not the root of the tile below it"
            findings.add(Finding(kind="tile", message=message, leaf=index * TILE_WIDTH**level))
    except TileError as error:
        findings.add(Finding(kind="tile", message=str(error)))
