"""Another implementation of C2SP transparency logs reads what the sealer writes. It needs Python 3.12: `pip install aics-tlog`, else skipped."""

from pathlib import Path

import pytest

from gatebook.log.merkle import consistency_proof, inclusion_proof
from gatebook.log.note import open_checkpoint
from gatebook.log.tiles import TileReader
from gatebook.record.codec import leaf_hash
from tests.log.sealed_log import PUBLIC, cells, seal, write_calls

tlog = pytest.importorskip("aics_tlog", reason="aics-tlog is not installed (it needs Python 3.12)")


def test_another_implementation_agrees(tmp_path: Path) -> None:
    """Checkpoint, key, tiles, inclusion and consistency proofs are accepted by, and equal to those of, aics-tlog."""
    from aics_tlog import checkpoint as other_checkpoint
    from aics_tlog import note as other_note
    from aics_tlog import tiles as other_tiles
    from aics_tlog import tree as other_tree
    from aics_tlog.verified import audit_tiles

    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 150)
    old = open_checkpoint(seal(log_dir), PUBLIC)
    write_calls(log_dir, "node-w0", 250)
    note = seal(log_dir)
    new = open_checkpoint(note, PUBLIC)

    result = other_checkpoint.verify_checkpoint(
        other_note.parse_note(note), other_note.parse_vkey(str(PUBLIC)), expected_origin=PUBLIC.name
    )
    assert (result.ok, result.size, result.root) == (True, new.size, new.root)
    tiles = other_tiles.FileSystemTileReader(log_dir / "tree")
    assert audit_tiles(tiles, new.size, new.root, entries=False).size == new.size
    ours = TileReader(log_dir / "tree" / "tile", new.size)
    for index in (0, 255, 256, old.size, new.size - 1):
        proof = inclusion_proof(ours.node, index, new.size)
        assert proof == other_tiles.inclusion_proof_from_tiles(tiles, index, new.size)
        leaf = leaf_hash(cells(log_dir, "node-w0")[index].frame.core)
        assert other_tree.verify_inclusion(leaf, index, new.size, proof, new.root)
    between = consistency_proof(ours.node, old.size, new.size)
    assert other_tree.verify_consistency(old.size, new.size, old.root, new.root, between)
