"""The proof of one call: both its records in the signed tree. Blocking; run it in a thread."""

from pathlib import Path

from msgspec import Struct

from gatebook.index.rows import CallRow
from gatebook.log.errors import LogError
from gatebook.log.merkle import ProofError
from gatebook.log.proof import NotProvable, Proof, prove, verify_proof


class ProvedRecord(Struct, frozen=True, kw_only=True):
    """The proof of one record and what checking it gave. `problem` is empty when it holds."""

    stream: str
    seq: int
    proof: Proof | None
    tree_size: int = 0
    tree_root: str = ""
    sealed_at: str = ""
    origin: str = ""
    problem: str = ""
    waiting: bool = False


def prove_call(log_dir: Path, row: CallRow) -> list[ProvedRecord]:
    """Prove the record that opens the call, and that of its outcome; then check the proofs as a stranger would."""
    seqs = [row.started_seq]
    if row.outcome_seq and row.outcome_seq != row.started_seq:
        seqs.append(row.outcome_seq)
    return [_prove(log_dir, row.stream, seq) for seq in seqs]


def _prove(log_dir: Path, stream: str, seq: int) -> ProvedRecord:
    try:
        proof = prove(log_dir, stream, seq)
        _, checkpoint = verify_proof(proof)
    except NotProvable as error:
        return ProvedRecord(stream=stream, seq=seq, proof=None, problem=str(error), waiting="yet" in str(error))
    except (ProofError, LogError, OSError) as error:
        return ProvedRecord(stream=stream, seq=seq, proof=None, problem=str(error))
    return ProvedRecord(
        stream=stream,
        seq=seq,
        proof=proof,
        tree_size=checkpoint.size,
        tree_root=checkpoint.root.hex(),
        sealed_at=checkpoint.time,
        origin=checkpoint.origin,
    )
