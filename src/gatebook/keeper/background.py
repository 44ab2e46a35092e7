"""The readers of the log that run in the keeper: each in a thread of its own, so that one that fails or is slow stops nothing else."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gatebook.control.key_files import read_origin, read_signing_key
from gatebook.index import EngineError, Follower, Index, Lag
from gatebook.index.damage import open_index, set_aside
from gatebook.index.engine import EngineGone
from gatebook.keeper.verifying import Verifying
from gatebook.log.seal import Sealer
from gatebook.log.vault import Vault
from gatebook.processes.step_thread import StepThread
from gatebook.reading.health import Verified, index_state
from gatebook.settings import Settings

_FOLLOW_IDLE_S = 0.1
_SEAL_IDLE_S_MAX = 0.5
_VERIFY_IDLE_S = 1.0
_STOP_S = 20.0
_logger = logging.getLogger(__name__)


class Background:
    """The sealer, the follower and the verifier of one keeper."""

    def __init__(self, settings: Settings, master_key: bytes, begin_anew: Callable[[], None] = lambda: None) -> None:
        """`begin_anew` is called when only another process can open the index."""
        self._begin_anew = begin_anew
        self._index: Index | None = None
        self._settings = settings
        self._master_key = master_key
        seal_idle_s = min(_SEAL_IDLE_S_MAX, settings.log.seal_interval_s / 2)
        self._sealing = StepThread("sealer", lambda: _Sealing(settings), seal_idle_s)
        self._following = StepThread("follower", self._follow, _FOLLOW_IDLE_S)
        self._verifying = Verifying(settings.data_dir)
        self._verifier = StepThread("verifier", lambda: self._verifying, _VERIFY_IDLE_S)
        self._follower: Follower | None = None

    def start(self) -> None:
        """Start them."""
        self._sealing.start()
        self._following.start()
        self._verifier.start()

    async def stop(self) -> None:
        """Let both take in what is there, then end; close the index."""
        for thread in (self._verifier, self._following, self._sealing):
            if not await asyncio.to_thread(thread.stop, _STOP_S):
                _logger.warning("the %s was still at work after %g s; it goes on from there at the next start", thread.name, _STOP_S)
        if self._index is not None and self._following.status()["state"] == "ended":
            self._index.close()

    @property
    def index(self) -> Index | None:
        """The index, once it could be opened."""
        return self._index

    def make_vault(self) -> Vault:
        """A vault for another thread."""
        return Vault(self._settings.keys_dir, self._master_key)

    def lag(self) -> Lag:
        """How far the index is behind the log; nothing is indexed while there is no follower."""
        if self._follower is None:
            errors = {"index": self._following.failure} if self._following.failure else {}
            return Lag(positions={}, behind_bytes=0, behind_s=0.0, open_calls=0, errors=errors)
        return self._follower.lag()

    def verified(self) -> Verified | None:
        """The last verification of the whole log since the keeper started."""
        return self._verifying.verified

    def _follow(self) -> "_Following":
        """Called in the follower's thread, again after each failure; the index stays open unless it is damaged. Raises what the engine raises."""
        if self._index is not None and (damage := self._index.engine.damage) is not None:
            index, self._index, self._follower = self._index, None, None
            index.close()
            set_aside(self._settings.index_dir, damage)
        if self._index is None:
            try:
                self._index = open_index(self._settings.index_dir)
            except EngineGone:
                self._begin_anew()
                raise
            threading.Thread(target=_warm, args=(self._index,), name="warmer", daemon=True).start()
        following = _Following(self._settings, self._index, self._master_key)
        self._follower = following.follower
        return following

    def status(self) -> dict[str, Any]:
        """State of all, for people."""
        lag = self._follower.lag() if self._follower is not None else None
        behind: dict[str, Any] = {}
        if lag is not None:
            behind = {
                "index": index_state(bool(lag.positions), lag.rebuilt, lag.searchable_since_us, lag.behind_s, time.time_ns() // 1000),
                "behind_bytes": lag.behind_bytes,
                "behind_s": round(lag.behind_s, 1),
                "errors": "; ".join(lag.errors.values()) or None,
                "rebuilt": None if lag.rebuilt is None else round(lag.rebuilt, 4),
                "complete_since": None if lag.searchable_since_us is None else _moment(lag.searchable_since_us),
            }
        verified = self.verified()
        last = {"at": _moment(verified.at_us), "result": "good" if verified.ok else "changed"} if verified else {}
        return {
            "sealer": self._sealing.status(),
            "follower": {**self._following.status(), **behind},
            "verifier": {**self._verifier.status(), **last},
        }

    @property
    def failure(self) -> str | None:
        """The first failure that lasts, with the name of the part."""
        for thread in (self._sealing, self._following, self._verifier):
            if thread.failure is not None:
                return f"{thread.name}: {thread.failure}"
        if self._follower is not None and (errors := self._follower.lag().errors):
            return f"follower: {'; '.join(errors.values())}"
        if (verified := self.verified()) is not None and not verified.ok:
            return "verifier: the log is not as it was written; `gatebook verify` names the place"
        return None


class _Sealing:
    def __init__(self, settings: Settings) -> None:
        key = read_signing_key(settings)
        self._sealer = Sealer(settings.log_dir, key, read_origin(settings), settings.log.seal_interval_s)

    def step(self, last: bool) -> bool:
        self._sealer.step(flush=last)
        return False

    def close(self) -> None:
        self._sealer.close()


class _Following:
    def __init__(self, settings: Settings, index: Index, master_key: bytes) -> None:
        # A vault is used from one thread only, so this one has its own.
        self.follower = Follower(settings.log_dir, Vault(settings.keys_dir, master_key), index)

    def step(self, last: bool) -> bool:
        read = self.follower.step(flush=last)
        # At the end what is new is taken in; the older part of a long log goes on at the next start.
        return read > 0 and not (last and self.follower.lag().behind_bytes == 0)

    def close(self) -> None:
        self.follower.close()


def _warm(index: Index) -> None:
    # Only so that the first questions are as fast as the next; one that comes sooner waits for its own part.
    with contextlib.suppress(EngineError):
        index.warm()


def _moment(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
