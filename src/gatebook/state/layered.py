"""A large frozen mapping with few changes on top, so that a change of one entry does not copy a hundred thousand."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

CHANGES_MAX: Final = 1024
"""Above so many changes they are merged: one copy of everything for about a thousand changes."""
_UNTOUCHED: Final[Any] = object()


class Layered(Mapping[K, V]):
    """Read like a dictionary. Never changed: `with_changes` makes another one that shares what is the same."""

    __slots__ = ("_base", "_changes")

    def __init__(self, base: Mapping[K, V], changes: Mapping[K, V | None] | None = None) -> None:
        """`changes`: what differs from `base`; None for what is gone."""
        self._base = base
        self._changes = changes or {}

    def with_changes(self, changes: Mapping[K, V | None]) -> "Layered[K, V]":
        """Another mapping, in which these entries are changed, added, or gone where the value is None."""
        merged = {**self._changes, **changes}
        if len(merged) <= CHANGES_MAX:
            return Layered(self._base, merged)
        base = dict(self._base)
        for key, value in merged.items():
            if value is None:
                base.pop(key, None)
            else:
                base[key] = value
        return Layered(base)

    def __getitem__(self, key: K) -> V:
        found: V | None = self._changes.get(key, _UNTOUCHED)
        if found is _UNTOUCHED:
            return self._base[key]
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: K, default: Any = None) -> Any:
        """The value, or the default; what `Mapping` does, without an exception on the way."""
        found = self._changes.get(key, _UNTOUCHED)
        if found is _UNTOUCHED:
            return self._base.get(key, default)
        return default if found is None else found

    def __iter__(self) -> Iterator[K]:
        yield from (key for key in self._base if key not in self._changes)
        yield from (key for key, value in self._changes.items() if value is not None)

    def __len__(self) -> int:
        kept = sum(1 for key in self._changes if key in self._base)
        return len(self._base) - kept + sum(1 for value in self._changes.values() if value is not None)


def layered(mapping: Mapping[K, V]) -> Layered[K, V]:
    """The mapping itself where it is one, else one around it."""
    return mapping if isinstance(mapping, Layered) else Layered(mapping)
