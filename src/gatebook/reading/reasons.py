"""Reasons for reading payloads that people gave in the console: one for an investigation, kept for an hour after it was last used, in memory only."""

import time
from typing import Final

from gatebook.reading.noting import REASON_CHARACTERS_MAX

LIFE_S: Final = 3600.0
KEPT_MAX: Final = 10_000


class Reasons:
    """The reasons of one keeper, by pseudonym. Used from its event loop."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, float]] = {}

    def give(self, subject: str, reason: str) -> str:
        """Keep a reason in place of the one before; an empty one ends it. Returns it as it is kept."""
        kept = " ".join(reason.split())[:REASON_CHARACTERS_MAX]
        self._given.pop(subject, None)
        if kept:
            while len(self._given) >= KEPT_MAX:
                del self._given[next(iter(self._given))]
            self._given[subject] = kept, time.monotonic()
        return kept

    def of(self, subject: str) -> str:
        """The reason that somebody gave; empty where there is none, or it was long ago."""
        reason, at_s = self._given.get(subject, ("", 0.0))
        if not reason or time.monotonic() - at_s > LIFE_S:
            self._given.pop(subject, None)
            return ""
        self._given[subject] = reason, time.monotonic()
        return reason
