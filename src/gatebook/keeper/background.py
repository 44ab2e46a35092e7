"""The readers of the log that run in the keeper: each in a thread of its own, so that one that fails or is slow stops nothing else."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from gatebook.control.key_files import read_origin, read_signing_key
from gatebook.log.seal import Sealer
from gatebook.log.vault import Vault
from gatebook.processes.step_thread import StepThread
from gatebook.settings import Settings

if TYPE_CHECKING:
    from gatebook.index import Index

_FOLLOW_IDLE_S = 0.1
_SEAL_IDLE_S_MAX = 0.5
_STOP_S = 20.0
_logger = logging.getLogger(__name__)


class Background:
    """The sealer and the follower of one keeper."""

    def __init__(self, settings: Settings, master_key: bytes) -> None:
        self._index: Index | None = None
        self._settings = settings
        self._master_key = master_key
        seal_idle_s = min(_SEAL_IDLE_S_MAX, settings.log.seal_interval_s / 2)
        self._sealing = StepThread("sealer", lambda: _Sealing(settings), seal_idle_s)
        self._following = StepThread("follower", lambda: _Following(settings, self.open_index(), master_key), _FOLLOW_IDLE_S)

    def start(self) -> None:
        """Start both."""
        self._sealing.start()
        self._following.start()

    async def stop(self) -> None:
        """Let both take in what is there, then end; close the index."""
        for thread in (self._following, self._sealing):
            if not await asyncio.to_thread(thread.stop, _STOP_S):
                _logger.warning("the %s was still at work after %g s; it goes on from there at the next start", thread.name, _STOP_S)
        if self._index is not None and self._following.status()["state"] == "ended":
            self._index.close()

    @property
    def index(self) -> "Index | None":
        """The index, once it could be opened."""
        return self._index

    def open_index(self) -> "Index":
        """Open the index, or return the open one. Called in the follower's thread; raises what the engine raises."""
        # Imported here: a search engine that does not load is a failure of the follower, not of the keeper.
        from gatebook.index import Index

        if self._index is None:
            self._index = Index.open(self._settings.index_dir)
        return self._index

    def status(self) -> dict[str, Any]:
        """State of both, for people."""
        return {"sealer": self._sealing.status(), "follower": self._following.status()}

    @property
    def failure(self) -> str | None:
        """The first failure that lasts, with the name of the part."""
        for thread in (self._sealing, self._following):
            if thread.failure is not None:
                return f"{thread.name}: {thread.failure}"
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
    def __init__(self, settings: Settings, index: "Index", master_key: bytes) -> None:
        from gatebook.index import Follower

        # A vault is used from one thread only, so this one has its own.
        self._follower = Follower(settings.log_dir, Vault(settings.keys_dir, master_key), index)

    def step(self, last: bool) -> bool:
        return bool(self._follower.step() > 0)

    def close(self) -> None:
        return
