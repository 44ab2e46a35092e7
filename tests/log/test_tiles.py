"""Tiles: paths as in the specification, the root whatever the pieces, recovery drops what was not signed."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.log.merkle import CompactRange, inclusion_proof, verify_inclusion
from gatebook.log.tiles import TileError, TileReader, TileWriter, tile_path


def leaves(count: int, label: str = "") -> bytes:
    """Leaf hashes that all differ, one after the other."""
    return b"".join(sha256(f"{label}{number}".encode()).digest() for number in range(count))


def root(hashes: bytes) -> bytes:
    """The root over them."""
    range_ = CompactRange()
    range_.extend(hashes)
    return range_.root()


def test_paths_of_the_specification() -> None:
    """Index in groups of three digits; partial tiles in a directory of their own (the examples of C2SP tlog-tiles)."""
    assert tile_path(0, 1234067) == "0/x001/x234/067"
    assert tile_path(3, 0) == "3/000"
    assert tile_path(1, 999) == "1/999"
    assert tile_path(0, 1000) == "0/x001/000"
    assert tile_path(0, 273, 112) == "0/273.p/112"


@settings(max_examples=15)
@given(st.lists(st.integers(1, 70_000), min_size=1, max_size=4))
def test_appending_in_pieces(tmp_path_factory: pytest.TempPathFactory, pieces: list[int]) -> None:
    """Root and proofs are those of the whole tree, with a new writer for every piece."""
    tile_dir = tmp_path_factory.mktemp("tiles")
    hashes = leaves(sum(pieces))
    size = 0
    for piece in pieces:
        writer = TileWriter(tile_dir, size)
        writer.append(hashes[size * 32 : (size + piece) * 32])
        writer.flush()
        size += piece
        assert writer.root() == root(hashes[: size * 32])
    reader = TileReader(tile_dir, size)
    for index in (0, size // 2, size - 1):
        proof = inclusion_proof(reader.node, index, size)
        verify_inclusion(hashes[index * 32 : index * 32 + 32], index, size, proof, root(hashes))


def test_what_lies_beyond_the_signed_size_is_dropped(tmp_path: Path) -> None:
    """After a crash the tree goes on from the signed size with other leaves, and is as if the crash had not been."""
    writer = TileWriter(tmp_path, 0)
    writer.append(leaves(300))
    writer.flush()
    writer.append(leaves(70_000, "lost"))
    writer.flush()
    again = TileWriter(tmp_path, 300)
    assert again.root() == root(leaves(300))
    again.append(leaves(70_000, "kept"))
    again.flush()
    assert again.root() == root(leaves(300) + leaves(70_000, "kept"))
    assert TileWriter(tmp_path, 70_300).root() == again.root()


def test_a_full_tile_is_never_changed(tmp_path: Path) -> None:
    """A tile that is there with other hashes stops the writer."""
    writer = TileWriter(tmp_path, 0)
    path = tmp_path / "0" / "000"
    path.parent.mkdir()
    path.write_bytes(bytes(8192))
    with pytest.raises(TileError, match="exists with other hashes"):
        writer.append(leaves(256))
    assert path.read_bytes() == bytes(8192)


def test_partial_tiles_go_when_the_full_one_is_there(tmp_path: Path) -> None:
    """Partial tiles stay until the full tile replaces them."""
    writer = TileWriter(tmp_path, 0)
    for _ in range(3):
        writer.append(leaves(80))
        writer.flush()
    assert sorted(path.name for path in (tmp_path / "0" / "000.p").iterdir()) == ["160", "240", "80"]
    writer.append(leaves(80))
    writer.flush()
    assert sorted(path.name for path in (tmp_path / "0").iterdir()) == ["000", "001.p"]


@pytest.mark.parametrize("change", ["missing", "short"])
def test_a_tile_that_is_missing_or_short_is_an_error(tmp_path: Path, change: str) -> None:
    """Reading never makes up hashes."""
    writer = TileWriter(tmp_path, 0)
    writer.append(leaves(300))
    writer.flush()
    path = tmp_path / "0" / "000"
    path.unlink() if change == "missing" else path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TileError):
        TileReader(tmp_path, 300).tile(0, 0)
    with pytest.raises(TileError, match="beyond"):
        TileReader(tmp_path, 300).tile(0, 2)
