"""The arguments of a call as conditions see them: decoded when first asked for, once for each decision, and only what is asked for."""

import re
from typing import Any

import msgspec

from gatebook.policy.engine import ConditionFailed

BYTES_MAX = 256 * 1024
"""Of the arguments that one condition reads; converting more would cost milliseconds."""
DEPTH_MAX = 64
ITEMS_MAX = 2000
"""In what a condition with a loop reads. A pattern is compiled anew for each item, so ten thousand would hold a worker for a third of a second."""

# Possessive, so that the time is linear whatever the text holds.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
# An engine may end a text at a zero character, and a rule would then miss what stands behind it.
_ZERO = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_OPENING = re.compile(rb"[\[{]")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Arguments:
    """The arguments of one call, as raw JSON: an object, null, or None for a call without any. Every method raises ConditionFailed."""

    __slots__ = ("_decoded", "_failure", "_raw", "_values")

    def __init__(self, raw: bytes | None) -> None:
        self._raw = raw
        self._values: dict[str, bytes] | None = None
        self._decoded: dict[str, Any] = {}
        self._failure: str | None = None

    def all(self) -> dict[str, Any]:
        """Return all members."""
        return self.only(frozenset(self._split()))

    def only(self, keys: frozenset[str]) -> dict[str, Any]:
        """Return those of the members `keys` that there are."""
        values = self._split()
        wanted = [key for key in keys if key in values]
        if sum(len(values[key]) for key in wanted) > BYTES_MAX:
            raise ConditionFailed(f"the arguments that are read are larger than {BYTES_MAX} bytes")
        for key in wanted:
            if key not in self._decoded:
                self._decoded[key] = _decoded(values[key])
        return {key: self._decoded[key] for key in wanted}

    def bound(self, keys: frozenset[str] | None) -> None:
        """Make sure that a loop over these members, or over all, ends soon."""
        values = self._split()
        chosen = values.values() if keys is None else [values[key] for key in keys if key in values]
        # One comma less than items in each list or object, and what is one item alone ends soon.
        if sum(_STRING.sub(b"", value).count(b",") for value in chosen) + len(chosen) > ITEMS_MAX:
            raise ConditionFailed(f"the arguments that are looped over hold more than {ITEMS_MAX} items")

    def _split(self) -> dict[str, bytes]:
        if self._failure is not None:
            raise ConditionFailed(self._failure)
        if self._values is None:
            try:
                self._values = _split(self._raw)
            except ConditionFailed as failure:
                self._failure = str(failure)
                raise
        return self._values


def _split(raw: bytes | None) -> dict[str, bytes]:
    if raw is None or raw.strip() in (b"", b"null"):
        return {}
    try:
        values = {key: bytes(value) for key, value in _members.decode(raw).items()}
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise ConditionFailed("the arguments are not a JSON object") from None
    if any("\0" in key for key in values):
        raise ConditionFailed("a key of the arguments holds a zero character")
    # Each member has one colon outside of texts. More of them than members: a key stands there twice, and who reads it may take either.
    if _colons(raw) != len(values) + sum(map(_colons, values.values())):
        raise ConditionFailed("a key stands in the arguments twice")
    return values


def _decoded(raw: bytes) -> Any:
    if _ZERO.search(raw):
        raise ConditionFailed("the arguments hold a zero character")
    if raw[:1] not in (b"{", b"["):
        return _read(raw)
    bare = _STRING.sub(b"", raw)
    if len(_OPENING.findall(bare)) > DEPTH_MAX and _depth(bare) > DEPTH_MAX:
        raise ConditionFailed(f"the arguments are nested deeper than {DEPTH_MAX}")
    value = _read(raw)
    if b":" in bare and bare.count(b":") != _colons(msgspec.json.encode(value)):
        raise ConditionFailed("a key stands in the arguments twice")
    return value


def _read(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise ConditionFailed("the arguments are not JSON") from None


def _colons(raw: bytes) -> int:
    return _STRING.sub(b"", raw).count(b":") if b":" in raw else 0


def _depth(bare: bytes) -> int:
    deepest = level = 0
    for letter in bare:
        level += (letter in b"[{") - (letter in b"]}")
        deepest = max(deepest, level)
    return deepest
