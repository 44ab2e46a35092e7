"""Positions of the book that were handed out, so that a later question can be asked of the same calls. Kept for a while, in memory only."""

import secrets
import time
from collections import OrderedDict
from typing import Final

from gatebook.index import Snapshot

LIFE_S: Final = 600.0
KEPT_MAX: Final = 64
READINGS_MAX: Final = 1000
WAITING_CHARACTERS_MAX: Final = 64 << 20


class _Kept:
    def __init__(self, snapshot: Snapshot, at_s: float) -> None:
        self.snapshot = snapshot
        self.at_s = at_s
        self.readings: set[tuple[str, str]] = set()
        # Snapshots that follow each other share most rows; counting those twice errs on the safe side, and costs little.
        self.characters = sum(len(row.arguments) + len(row.response) for row in snapshot.waiting)


class Snapshots:
    """Snapshots by id. An id is no secret: what a question to a snapshot finds is up to the scope of whoever asks. Lives on one event loop."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def keep(self, snapshot: Snapshot) -> str:
        """Keep a snapshot; the same one gives the same id, for as long again."""
        for name, kept in reversed(self._kept.items()):
            if kept.snapshot is snapshot:
                kept.at_s = time.monotonic()
                return name
        name = secrets.token_hex(8)
        self._kept[name] = _Kept(snapshot, time.monotonic())
        self._forget()
        return name

    def find(self, name: str) -> Snapshot | None:
        """The snapshot of an id; None when it is not, or no longer, kept."""
        kept = self._kept.get(name)
        return kept.snapshot if kept is not None and time.monotonic() - kept.at_s < LIFE_S else None

    def is_first(self, name: str, subject: str, words: str) -> bool:
        """Whether nobody of this pseudonym has asked this of the snapshot: its parts (rows, counts, facets) are one reading, and one record."""
        kept = self._kept.get(name)
        return kept is None or (subject, words) not in kept.readings

    def add_reading(self, name: str, subject: str, words: str) -> None:
        """Remember a reading once it is on the record."""
        kept = self._kept.get(name)
        if kept is not None and len(kept.readings) < READINGS_MAX:
            kept.readings.add((subject, words))

    def _forget(self) -> None:
        """Let the oldest go: by number, by age, and by the texts that their waiting calls hold. The newest stays."""
        now_s = time.monotonic()
        characters = 0
        for number, name in enumerate(reversed(list(self._kept))):
            kept = self._kept[name]
            characters += kept.characters
            if number and (number >= KEPT_MAX or now_s - kept.at_s >= LIFE_S or characters > WAITING_CHARACTERS_MAX):
                del self._kept[name]
