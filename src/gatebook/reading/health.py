"""How the log and the index stand: what the footer of the console and `/status` show."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from gatebook.index import Lag
from gatebook.log.checkpoints import CHECKPOINT_NAME, load_key, open_any
from gatebook.log.verify import TREE_NAME

_FRESH_US = 60_000_000


class Verified(Struct, frozen=True, kw_only=True):
    """A verification of the whole log: when it ended, microseconds since 1970, and whether it found nothing wrong."""

    at_us: int
    ok: bool


class Sealed(Struct, frozen=True, kw_only=True):
    """The newest checkpoint, its signature checked with the log's own key. `problem` is empty when that is in order."""

    size: int
    root: str
    at_us: int
    problem: str


class Health(Struct, frozen=True, kw_only=True):
    """`positions`: last record of each stream in the index. Absent parts: nothing has been sealed or verified yet."""

    now_us: int
    positions: dict[str, int]
    behind_bytes: int
    behind_s: float
    open_calls: int
    errors: dict[str, str]
    sealed: Sealed | None
    verified: Verified | None

    @property
    def records(self) -> int:
        """Records of the log that are in the index."""
        return sum(self.positions.values())

    @property
    def sealed_fresh(self) -> bool:
        """Whether the newest checkpoint is good and as new as it should be: everything is sealed, or it was signed within the last minute."""
        if self.sealed is None or self.sealed.problem:
            return False
        return self.sealed.size >= self.records or self.now_us - self.sealed.at_us < _FRESH_US


def read_sealed(log_dir: Path) -> Sealed | None:
    """Read the newest checkpoint; None when there is none."""
    tree_dir = log_dir / TREE_NAME
    try:
        note = (tree_dir / CHECKPOINT_NAME).read_text()
    except (OSError, UnicodeDecodeError):
        return None
    checkpoint, problem = open_any(note, load_key(tree_dir))
    if checkpoint is None:
        return Sealed(size=0, root="", at_us=0, problem=problem)
    try:
        at_us = round(datetime.fromisoformat(checkpoint.time).timestamp() * 1_000_000)
    except ValueError:
        at_us = 0
    return Sealed(size=checkpoint.size, root=checkpoint.root.hex(), at_us=at_us, problem=problem)


def health(log_dir: Path, lag: Lag, verified: Verified | None, now_us: int) -> Health:
    """Put together what the footer shows."""
    return Health(
        now_us=now_us,
        positions=lag.positions,
        behind_bytes=lag.behind_bytes,
        behind_s=lag.behind_s,
        open_calls=lag.open_calls,
        errors=lag.errors,
        sealed=read_sealed(log_dir),
        verified=verified,
    )
