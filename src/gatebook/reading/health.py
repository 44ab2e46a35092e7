"""How the log and the index stand: what the footer of the console and `/status` show."""

from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from gatebook.index import Lag
from gatebook.log.checkpoints import CHECKPOINT_NAME, load_key, open_any
from gatebook.log.verify import TREE_NAME

_FRESH_US = 60_000_000
_BEHIND_S = 2


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
    """`positions`: last record of each stream in the index. Absent parts: nothing has been sealed or verified yet.

    `rebuilt`: how much of the index is built, 0 to 1, None when all is. `searchable_since_us`: then everything newer is in, None when that cannot be said.
    """

    now_us: int
    positions: dict[str, int]
    behind_bytes: int
    behind_s: float
    open_calls: int
    errors: dict[str, str]
    sealed: Sealed | None
    verified: Verified | None
    rebuilt: float | None = None
    searchable_since_us: int | None = None

    @property
    def index_state(self) -> str:
        """How far the index is, in words."""
        return index_state(bool(self.positions), self.rebuilt, self.searchable_since_us, self.behind_s, self.now_us)

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
        rebuilt=lag.rebuilt,
        searchable_since_us=lag.searchable_since_us,
        sealed=read_sealed(log_dir),
        verified=verified,
    )


def index_state(begun: bool, rebuilt: float | None, since_us: int | None, behind_s: float, now_us: int) -> str:
    """Say how far an index is, as footer and status do. `begun`: it has looked at the log; before, nobody knows how far it is behind."""
    if rebuilt is not None:
        since = "" if since_us is None else f"; complete since {_moment(since_us, now_us)}"
        return f"rebuilding, {int(rebuilt * 100)} % done{since}"
    if not begun:
        return "being opened"
    return "up to date" if behind_s < _BEHIND_S else f"{behind_s:.0f} s behind"


def _moment(time_us: int, now_us: int) -> str:
    at, now = (datetime.fromtimestamp(one // 1_000_000, UTC) for one in (time_us, now_us))
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at.day} {at:%b %Y, %H:%M} UTC"
