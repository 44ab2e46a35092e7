"""The proof that one record is in the signed tree: small enough to mail, checked without the log (`gatebook verify`, or the offline verifier)."""

import base64
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gatebook.log.checkpoints import CHECKPOINT_NAME, load_key
from gatebook.log.errors import LogError
from gatebook.log.merkle import ProofError, inclusion_proof, verify_inclusion
from gatebook.log.note import Checkpoint, NoteError, VerifierKey, open_checkpoint, parse_checkpoint, parse_key, split_note
from gatebook.log.position import Position
from gatebook.log.reader import StreamReader
from gatebook.log.runs import RunsError, load_runs
from gatebook.log.segment import segments
from gatebook.log.tiles import TileError, TileReader
from gatebook.log.verify import TREE_NAME, stream_dirs
from gatebook.record.base import Header
from gatebook.record.codec import RecordError, decode_header, leaf_hash

PROOF_FORMAT = "gatebook.proof.1"


class NotProvable(LogError):
    """There is no proof for the record: it is not there, or not sealed yet."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A record, its place in the tree, and the signed checkpoint. `core` and the hashes are base64; `key` is the key that the log names itself."""

    format: str
    stream: str
    seq: int
    leaf: int
    core: str
    proof: tuple[str, ...]
    checkpoint: str
    key: str

    def to_json(self) -> bytes:
        """Return the JSON that is handed out."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def parse_proof(data: bytes) -> Proof:
    """Read the JSON of a proof. Raises ProofError."""
    try:
        proof = msgspec.json.decode(data, type=Proof)
    except msgspec.MsgspecError as error:
        raise ProofError(f"not a proof: {error}") from None
    if proof.format != PROOF_FORMAT:
        raise ProofError(f"the format {proof.format} is unknown")
    return proof


def prove(log_dir: Path, stream: str, seq: int) -> Proof:
    """Make the proof of one record under the newest checkpoint. Raises NotProvable, OSError, LogDamaged."""
    tree_dir = log_dir / TREE_NAME
    core = read_core(log_dir, stream, seq)
    try:
        note = (tree_dir / CHECKPOINT_NAME).read_text()
        checkpoint = parse_checkpoint(split_note(note)[0])
        leaf = load_runs(tree_dir / "runs", checkpoint.size).leaf_of(stream, seq)
        if leaf is None:
            raise NotProvable(f"record {seq} of stream {stream} is not sealed yet; checkpoints are signed every few seconds")
        path = inclusion_proof(TileReader(tree_dir / "tile", checkpoint.size).node, leaf, checkpoint.size)
    except FileNotFoundError:
        raise NotProvable("no checkpoint has been signed yet") from None
    except (NoteError, RunsError, TileError) as error:
        raise NotProvable(f"the tree is damaged: {error}") from error
    key = load_key(tree_dir)
    proof = Proof(
        format=PROOF_FORMAT,
        stream=stream,
        seq=seq,
        leaf=leaf,
        core=base64.b64encode(core).decode(),
        proof=tuple(base64.b64encode(hash_).decode() for hash_ in path),
        checkpoint=note,
        key=str(key) if key else "",
    )
    return proof


def verify_proof(proof: Proof, public_key: VerifierKey | None = None) -> tuple[Header, Checkpoint]:
    """Check a proof against the trusted key, else against the one that the proof names itself. Raises ProofError."""
    try:
        checkpoint = open_checkpoint(proof.checkpoint, public_key or parse_key(proof.key))
        core = base64.b64decode(proof.core, validate=True)
        path = [base64.b64decode(hash_, validate=True) for hash_ in proof.proof]
        header = decode_header(core)
    except (NoteError, RecordError, ValueError) as error:
        raise ProofError(str(error)) from error
    if (header.stream, header.seq) != (proof.stream, proof.seq):
        raise ProofError(f"the record is {header.seq} of stream {header.stream}, not {proof.seq} of {proof.stream}")
    verify_inclusion(leaf_hash(core), proof.leaf, checkpoint.size, path, checkpoint.root)
    return header, checkpoint


def read_core(log_dir: Path, stream: str, seq: int) -> bytes:
    """Return the stored bytes of one record. Raises NotProvable."""
    stream_dir = log_dir / stream
    firsts = [first for first in segments(stream_dir) if first <= seq] if stream in stream_dirs(log_dir) else []
    if firsts:
        for core in _cores(stream_dir, Position(firsts[-1], 0)):
            if decode_header(core).seq == seq:
                return core
    raise NotProvable(f"there is no record {seq} in stream {stream}")


def find_record(log_dir: Path, id_: str) -> tuple[str, int]:
    """Return stream and seq of the record with this id by reading the log, newest segments first. Raises NotProvable."""
    quoted = f'"id":"{id_}"'.encode()
    for stream in stream_dirs(log_dir):
        for first in reversed(segments(log_dir / stream)):
            for core in _cores(log_dir / stream, Position(first, 0), one_segment=True):
                if core.startswith(quoted, core.find(b'"id":')) and decode_header(core).id == id_:
                    return stream, decode_header(core).seq
    raise NotProvable(f"there is no record with the id {id_}")


def _cores(stream_dir: Path, position: Position, *, one_segment: bool = False) -> Iterator[bytes]:
    reader = StreamReader(stream_dir, position)
    try:
        while entries := reader.read():
            for entry in entries:
                if one_segment and entry.at.segment != position.segment:
                    return
                yield entry.core
    finally:
        reader.close()
