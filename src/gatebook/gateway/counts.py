"""What has been counted for the limits of policies: calls and bytes within a sliding time, together over all workers of a node.

Each worker writes to a file of its own and reads those of the others, so that nobody waits for anybody. The count of a sliding time is that of
the current part, and of the part before it as far as the time still reaches back into it: exact at the borders of the parts, and never more than
one part's calls wrong between them, as long as calls come evenly.
"""

import hashlib
import mmap
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from gatebook.policy.rules import Limit, Rule

_SLOT: Final = struct.Struct("<QQQQ")
_SLOTS: Final = 8192
_PROBES: Final = 8
_SIZE: Final = _SLOT.size * _SLOTS


class Counted(Struct, frozen=True):
    """One count that a call belongs to: hash of its key, length of its time in seconds, and what is counted: calls, arguments or response (bytes)."""

    key: int
    per_s: int
    what: str


class Counts:
    """The counts of one node, as one worker sees and adds to them."""

    def __init__(self, directory: Path, slot: int) -> None:
        self._directory = directory
        self._own_name = _name(slot)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own = _map(directory / self._own_name, create=True)
        self._others: dict[str, mmap.mmap] = {}

    def close(self) -> None:
        """Let go of the files."""
        for file in (self._own, *self._others.values()):
            file.close()

    def look_again(self) -> None:
        """Find the files of workers that have started since."""
        for path in sorted(self._directory.glob("counts-w*")):
            if path.name != self._own_name and path.name not in self._others:
                self._others[path.name] = _map(path, create=False)

    def above(self, counted: Counted, maximum: int, now_s: float) -> bool:
        """Whether `maximum` has been reached within the time that ends now."""
        return sum(_count(file, counted, now_s) for file in (self._own, *self._others.values())) >= maximum

    def tally(self, rules: Mapping[str, Rule], now_s: float) -> "Tally":
        """What one call is counted for, while it is decided."""
        return Tally(self, rules, now_s)

    def add(self, counted: Counted, amount: int, now_s: float) -> None:
        """Count more."""
        part = int(now_s // counted.per_s)
        offset = _offset(self._own, counted.key, part)
        key, known, current, before = _SLOT.unpack_from(self._own, offset)
        if key != counted.key:
            known, current, before = part, 0, 0
        elif known != part:
            before, current = (current if known == part - 1 else 0), 0
        _SLOT.pack_into(self._own, offset, counted.key, part, current + amount, before)


class Tally:
    """The counts that one decision asked about; if the call goes through, it is counted for them."""

    __slots__ = ("_counts", "_now_s", "_rules", "counted")

    def __init__(self, counts: Counts, rules: Mapping[str, Rule], now_s: float) -> None:
        self._counts = counts
        self._rules = rules
        self._now_s = now_s
        self.counted: list[Counted] = []

    def above(self, rule: str, key: tuple[str, ...]) -> bool:
        """Whether the limit of a rule is reached; as `Bundle.decide` asks."""
        limit = self._rules[rule].limit
        reached = False
        for counted, maximum in counted_of(rule, limit, key) if limit is not None else ():
            self.counted.append(counted)
            reached |= self._counts.above(counted, maximum, self._now_s)
        return reached


def counted_of(rule: str, limit: Limit, key: tuple[str, ...]) -> Iterator[tuple[Counted, int]]:
    """Yield what is counted for a limit under a key, and the maximum of each."""
    for what, maximum in (
        ("calls", limit.calls_max),
        ("arguments", limit.arguments_bytes_max),
        ("response", limit.response_bytes_max),
    ):
        if maximum is not None:
            text = "\0".join((rule, what, str(limit.per_s), *key))
            digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            yield Counted(int.from_bytes(digest, "little") | 1, limit.per_s, what), maximum


def _name(slot: int) -> str:
    return f"counts-w{slot}"


def _map(path: Path, *, create: bool) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        if create:
            os.ftruncate(descriptor, _SIZE)
        return mmap.mmap(descriptor, _SIZE, access=mmap.ACCESS_WRITE if create else mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def _count(file: mmap.mmap, counted: Counted, now_s: float) -> float:
    part, since_s = divmod(now_s, counted.per_s)
    for probe in range(_PROBES):
        key, known, current, before = _SLOT.unpack_from(file, (counted.key + probe) % _SLOTS * _SLOT.size)
        if key == counted.key:
            left = 1 - since_s / counted.per_s
            if known == int(part):
                return float(current + before * left)
            return float(current * left) if known == int(part) - 1 else 0.0
    return 0.0


def _offset(file: mmap.mmap, key: int, part: int) -> int:
    """Find the slot of a key, or the one that is free or was not used for longest: a table that is full forgets what is oldest."""
    offsets = [(key + probe) % _SLOTS * _SLOT.size for probe in range(_PROBES)]
    used = [_SLOT.unpack_from(file, offset) for offset in offsets]
    for offset, (found, *_) in zip(offsets, used, strict=True):
        if found == key:
            return offset
    return min(zip(offsets, used, strict=True), key=lambda pair: (pair[1][0] != 0, pair[1][1]))[0]
