"""What is shown once: a secret between the form that made it and the page that shows it, in memory, for a minute. It is in no address and on no disk."""

import secrets
import time
from typing import Generic, TypeVar

_KEPT_MAX = 100
_KEPT_S = 60.0
_T = TypeVar("_T")


class Once(Generic[_T]):
    """Values by key, each for one person and one look."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, float, _T]] = {}

    def put(self, person: str, value: _T) -> str:
        """Keep a value for a person; returns the key."""
        now_s = time.monotonic()
        self._kept = {key: one for key, one in self._kept.items() if one[1] > now_s}
        while len(self._kept) >= _KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        key = secrets.token_urlsafe(16)
        self._kept[key] = (person, now_s + _KEPT_S, value)
        return key

    def take(self, person: str, key: str) -> _T | None:
        """Take the value out; None when it was taken, is too old, or is somebody else's."""
        found = self._kept.get(key)
        if found is None or found[0] != person:
            return None
        del self._kept[key]
        return found[2] if found[1] > time.monotonic() else None
