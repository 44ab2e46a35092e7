"""Hashes of the tree on disk, in the layout of C2SP tlog-tiles (c2sp.org/tlog-tiles): 256 hashes to a tile, partial tiles beside.

A tile at level L holds the roots of perfect subtrees of 256^L leaves. A full tile is never written twice with other bytes.
"""

import os
import shutil
from pathlib import Path

from gatebook.log.disk import make_directory, sync_directory
from gatebook.log.merkle import EMPTY_ROOT, HASH_BYTES, CompactRange, perfect_root

TILE_WIDTH = 256
TILE_BYTES = TILE_WIDTH * HASH_BYTES
_LEVEL_BITS = 8
LEVELS_MAX = 8


class TileError(ValueError):
    """A tile is missing, or is not what the tree says it is."""


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile below `tile/`: index in groups of three digits, all but the last with an x in front."""
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.append(f"x{index % 1000:03d}")
    path = f"{level}/{'/'.join(reversed(groups))}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def width_in(size: int, level: int, index: int) -> int:
    """Return how many hashes of this tile belong to the tree of `size` leaves: 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> (_LEVEL_BITS * level)) - index * TILE_WIDTH))


class TileReader:
    """Reads hashes of the tree of `size` leaves back from its tiles."""

    def __init__(self, tile_dir: Path, size: int) -> None:
        self._dir = tile_dir
        self.size = size
        self._cache: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile, as many as the tree has. Raises TileError."""
        width = width_in(self.size, level, index)
        if width == 0:
            raise TileError(f"tile {tile_path(level, index)} is beyond a tree of {self.size} leaves")
        for candidate in dict.fromkeys((width, TILE_WIDTH)):
            try:
                data = (self._dir / tile_path(level, index, candidate)).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
            if len(data) != candidate * HASH_BYTES:
                raise TileError(f"tile {tile_path(level, index, candidate)} has {len(data)} bytes instead of {candidate * HASH_BYTES}")
            return data[: width * HASH_BYTES]
        raise TileError(f"tile {tile_path(level, index, width)} is missing")

    def node(self, level: int, index: int) -> bytes:
        """Return the root of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level). Raises TileError."""
        tile_level, rest = divmod(level, _LEVEL_BITS)
        first = index << rest
        tile_index, offset = divmod(first, TILE_WIDTH)
        key = (tile_level, tile_index)
        if key not in self._cache:
            if len(self._cache) > 256:
                self._cache.clear()
            self._cache[key] = self.tile(*key)
        hashes = self._cache[key][offset * HASH_BYTES : (offset + (1 << rest)) * HASH_BYTES]
        if len(hashes) != HASH_BYTES << rest:
            raise TileError(f"tile {tile_path(tile_level, tile_index)} does not reach hash {offset + (1 << rest) - 1}")
        return perfect_root(hashes)


class TileWriter:
    """Appends leaf hashes; holds only the partial tile of each level in memory.

    A tile that is full is written at once, partial ones by `flush`. All files are durable when `flush` returns.
    """

    def __init__(self, tile_dir: Path, size: int) -> None:
        """Continue the tree of `size` leaves; tiles that go beyond it are deleted. Raises TileError."""
        self._dir = tile_dir
        self.size = size
        self._edges: list[bytearray] = []
        self._full: list[int] = []  # full tiles of each level
        reader = TileReader(tile_dir, size)
        for level in range(LEVELS_MAX):
            full, width = divmod(size >> (_LEVEL_BITS * level), TILE_WIDTH)
            if level and not full and not width:
                break
            self._full.append(full)
            self._edges.append(bytearray(reader.tile(level, full) if width else b""))
        self._drop_beyond()

    def append(self, leaves: bytes) -> None:
        """Append leaf hashes that lie one after the other."""
        self._append(0, leaves)
        self.size += len(leaves) // HASH_BYTES

    def root(self) -> bytes:
        """Return the root of all that was appended."""
        if not self.size:
            return EMPTY_ROOT
        range_ = CompactRange()
        for level in range(len(self._edges) - 1, -1, -1):
            range_.extend(bytes(self._edges[level]), _LEVEL_BITS * level)
        return range_.root()

    def flush(self) -> None:
        """Write the partial tiles."""
        for level, edge in enumerate(self._edges):
            if edge:
                self._write(level, self._full[level], bytes(edge))

    def _append(self, level: int, hashes: bytes) -> None:
        if level == len(self._edges):
            self._edges.append(bytearray())
            self._full.append(0)
        edge = self._edges[level]
        at = 0
        while at < len(hashes):
            piece = hashes[at : at + TILE_BYTES - len(edge)]
            edge += piece
            at += len(piece)
            if len(edge) == TILE_BYTES:
                full = bytes(edge)
                index = self._full[level]
                self._write(level, index, full)
                shutil.rmtree(self._dir / f"{tile_path(level, index)}.p", ignore_errors=True)
                edge.clear()
                self._full[level] += 1
                self._append(level + 1, perfect_root(full))

    def _write(self, level: int, index: int, data: bytes) -> None:
        path = self._dir / tile_path(level, index, len(data) // HASH_BYTES)
        if path.exists():
            if path.read_bytes() != data:
                raise TileError(f"tile {path.relative_to(self._dir)} exists with other hashes")
            return
        make_directory(path.parent)
        write_durable(path, data)

    def _drop_beyond(self) -> None:
        """Delete what a crash left behind the signed tree: it was never vouched for."""
        for level in range(LEVELS_MAX):
            first, width = divmod(self.size >> (_LEVEL_BITS * level), TILE_WIDTH)
            index = first
            while True:
                full = self._dir / tile_path(level, index)
                partial_dir = full.parent / f"{full.name}.p"
                if not full.exists() and not partial_dir.exists():
                    break
                full.unlink(missing_ok=True)
                for path in partial_dir.iterdir() if partial_dir.exists() else ():
                    if index > first or not path.name.isdigit() or int(path.name) > width:
                        path.unlink()
                index += 1


def write_durable(path: Path, data: bytes) -> None:
    """Write a file so that after a crash it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_directory(path.parent)
