"""The proof of one record: made from the log, checked without it."""

import base64
from pathlib import Path

import msgspec
import pytest

from gatebook.log.merkle import ProofError
from gatebook.log.note import key_of
from gatebook.log.proof import NotProvable, find_record, parse_proof, prove, verify_proof
from gatebook.record.codec import decode_header
from tests.log.sealed_log import ORIGIN, OTHER_KEY, PUBLIC, build, cells


@pytest.mark.parametrize(("stream", "seq"), [("node-w0", 1), ("node-w0", 122), ("node-k", 9), ("node-w0", 60)])
def test_proof_of_a_record(tmp_path: Path, stream: str, seq: int) -> None:
    """The proof survives its JSON, holds under the trusted key, and gives back the record."""
    log = build(tmp_path)
    proof = parse_proof(prove(log.log_dir, stream, seq).to_json())
    header, checkpoint = verify_proof(proof, PUBLIC)
    assert (header.stream, header.seq, checkpoint.size) == (stream, seq, 146)
    assert base64.b64decode(proof.core) == cells(log.log_dir, stream)[seq - 1].frame.core


def test_a_changed_proof_does_not_hold(tmp_path: Path) -> None:
    """Another core, place, path, checkpoint or key is refused."""
    log = build(tmp_path)
    proof = prove(log.log_dir, "node-w0", 60)
    other = prove(log.log_dir, "node-w0", 61)
    core = base64.b64encode(base64.b64decode(proof.core).replace(b"10.0.0.7", b"10.0.0.8").replace(b'"ok"', b'"no"')).decode()
    changes = [
        {"core": core},
        {"core": other.core},
        {"seq": 61},
        {"leaf": proof.leaf + 1},
        {"proof": proof.proof[:-1]},
        {"proof": other.proof},
        {"checkpoint": proof.checkpoint.replace("146", "147")},
        {"core": "?"},
    ]
    for change in changes:
        with pytest.raises(ProofError):
            verify_proof(msgspec.structs.replace(proof, **change), PUBLIC)
    with pytest.raises(ProofError, match="not signed by"):
        verify_proof(proof, key_of(ORIGIN, OTHER_KEY))


def test_records_without_a_proof(tmp_path: Path) -> None:
    """A record that is not sealed yet, or not there, has no proof and the error says which."""
    log = build(tmp_path, unsealed=True)
    with pytest.raises(NotProvable, match="not sealed yet"):
        prove(log.log_dir, "node-w0", 130)
    for stream, seq in (("node-w0", 999), ("node-x", 1), ("tree", 1)):
        with pytest.raises(NotProvable, match="there is no record"):
            prove(log.log_dir, stream, seq)


def test_record_is_found_by_its_id(tmp_path: Path) -> None:
    """The id of a call leads to the stream and seq of the record that opened it."""
    log = build(tmp_path, unsealed=True)
    for stream, seq in (("node-k", 3), ("node-w0", 133)):
        id_ = decode_header(cells(log.log_dir, stream)[seq - 1].frame.core).id
        assert find_record(log.log_dir, id_) == (stream, seq)
    with pytest.raises(NotProvable):
        find_record(log.log_dir, "01a2061a-0000-7000-8000-000000000000")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format":"gatebook.proof.1"}'])
def test_what_is_not_a_proof(data: bytes) -> None:
    """Rubbish is refused with an error of its own."""
    with pytest.raises(ProofError):
        parse_proof(data)
