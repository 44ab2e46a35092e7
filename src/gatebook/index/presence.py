"""Whether the files that an open engine works on are still there: deleted under its feet, it goes on quietly in a new directory."""

from pathlib import Path
from typing import Final

_LANDMARKS: Final = (".", "status", "store")


class Presence:
    """Remembers the files of one directory from the moment that they are first seen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._look()

    def missing(self) -> str | None:
        """Name what was deleted or replaced since; None when all is as it was."""
        now = self._look()
        for name, inode in self._seen.items():
            if now.get(name) != inode:
                return str(self._path / name)
        self._seen = now
        return None

    def _look(self) -> dict[str, int]:
        seen = {}
        for name in _LANDMARKS:
            try:
                seen[name] = (self._path / name).stat().st_ino
            except OSError:
                continue
        return seen
