"""What `gatebook status` shows."""

import os
import time
from typing import Any

from gatebook import __version__
from gatebook.gateway.names.standing import standing
from gatebook.keeper.background import Background
from gatebook.log.book import Book
from gatebook.settings import Settings
from gatebook.state.store import StateError, Store


class Status:
    """Reports on one keeper."""

    def __init__(self, settings: Settings, store: Store, book: Book, background: Background, boot: str) -> None:
        self._settings = settings
        self._store = store
        self._book = book
        self._background = background
        self._boot = boot
        self._began_s = time.monotonic()

    def report(self) -> dict[str, Any]:
        """Everything, as JSON. `healthy` is False when any part has failed; calls may go on all the same."""
        revision, state_failure = self._revision()
        log_failure = self._book.healthy
        names = standing(self._settings.run_dir)
        names_failure = names is not None and names.startswith("failed")
        return {
            "running": True,
            "healthy": not (log_failure or state_failure or names_failure or self._background.failure),
            "version": __version__,
            "node": self._settings.node,
            "pid": os.getpid(),
            "boot": self._boot,
            "up_s": round(time.monotonic() - self._began_s, 1),
            "mcp": f"{self._settings.mcp_url}/mcp",
            "console": self._settings.console_url,
            "revision": revision,
            "state": state_failure or "ok",
            "state_in": self._store.place,
            "log": log_failure or "ok",
            **({} if names is None else {"names": names}),
            **self._background.status(),
        }

    def _revision(self) -> tuple[int | None, str | None]:
        try:
            return self._store.revision(), None
        except StateError as error:
            return None, str(error)
