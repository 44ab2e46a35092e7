"""Runs of text that hide other text: base64, base64url, hex, and compressed data in them. What does not decode to text is left alone."""

import binascii
import re
import zlib
from collections.abc import Iterable, Iterator

from msgspec import Struct

from gatebook.dlp.hit import Exhausted

# The prefilter reports where the first characters of a run end; the run itself is matched here. Each probe ends this many bytes after the run's beginning.
_LEAD = r"(?:[^A-Za-z0-9+/=_-]|\\[bfnrt])"
SIGNS = {
    # Bytes below 0x80 make the first of four characters one of these, so that random base64 and most words are passed over.
    "~base64": _LEAD + r"(?:[CDI-Za-f][A-Za-z0-9+/_-]{3}){2}[A-Za-z0-9+/_-]{4}",
    "~packed": _LEAD + r"(?:H4sI|(?:eJ[wxyz]|eN[A-Za-z])[A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{8}",
    "~hex": r"(?:[^0-9a-fA-F]|\\[bf])(?:[2-7][0-9a-fA-F]|0[9aAdD]){6}",
    "~hex_apart": r"(?:[^0-9a-fA-F]|\\[bf])(?:[2-7][0-9a-fA-F][ :-]){7}[2-7]",
}
_BACK = {"~base64": 12, "~packed": 12, "~hex": 12, "~hex_apart": 22}
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_MORE_LINES = re.compile(rb"(?:\r?\n[A-Za-z0-9+/_-]{4,})+={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")
_HEX_APART = re.compile(rb"(?:[0-9a-fA-F]{2}[ :-]){7,}[0-9a-fA-F]{2}")
_LINE_MIN = 48
_URLSAFE = bytes.maketrans(b"-_", b"+/")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_NOT_TEXT = re.compile(rb"data:(?:image|audio|video|font|application/(?:octet-stream|pdf|zip|wasm|font|x-|vnd))[^,]{0,80};base64,$")
_SAMPLE = 32
_ALPHABET_MIN = 48


BLOB_SIGN = "~blob"
BLOB_PROBE = r"[A-Za-z0-9+/_-]{1000}"
_BLOB = re.compile(rb"[A-Za-z0-9+/_-]{1000,}={0,2}")
_NUMBER_IN_BLOB = re.compile(rb"\d\d\d(?:\d{6}|-\d\d-\d{4})")


class Revealed(Struct, frozen=True, kw_only=True):
    """What the bytes from `start` to `end` hide: their text, and the codings, outermost first."""

    start: int
    end: int
    text: str
    layers: tuple[str, ...]


class Budget:
    """How many bytes may still be decoded in one scan."""

    def __init__(self, bytes_max: int) -> None:
        self.left = bytes_max

    def spend(self, size: int) -> None:
        """Take `size` bytes. Raises Exhausted when they are not there."""
        self.left -= size
        if self.left < 0:
            raise Exhausted("budget")


def reveal(data: bytes, sign: str, ends: Iterable[int], budget: Budget) -> Iterator[Revealed]:
    """Yield each run that decodes to text, where a probe of `SIGNS` has matched. Raises Exhausted when that is more than the budget holds."""
    taken = 0
    for end in ends:
        if end <= taken:
            continue
        start = end - _BACK[sign]
        found = _base64(data, start, sign, budget) if sign in ("~base64", "~packed") else _hex(data, start, sign, budget)
        if found is not None:
            taken = found.end
            if found.text:
                yield found


def without_blobs(data: bytes) -> bytes:
    """Return the data with spaces for long runs of base64 that say nothing, such as images. Among so many random characters some always look like something."""
    return _BLOB.sub(lambda match: match.group() if _may_say_something(match.group()) else b" " * len(match.group()), data)


def _may_say_something(run: bytes) -> bool:
    return (
        len(set(run[:4096])) < _ALPHABET_MIN
        or _NUMBER_IN_BLOB.search(run) is not None
        or _text_of(run, Budget(len(run) * 64), False)[0] != ""
    )


def _hex(data: bytes, start: int, sign: str, budget: Budget) -> Revealed | None:
    match = (_HEX if sign == "~hex" else _HEX_APART).match(data, start)
    if match is None:
        return None
    plain = _printed(bytes.fromhex(re.sub(r"[ :-]", "", match.group().decode())))
    budget.spend(len(plain))
    return Revealed(start=start, end=match.end(), text=plain, layers=("hex",))


def _base64(data: bytes, start: int, sign: str, budget: Budget) -> Revealed | None:
    if sign == "~base64" and not _begins_as_text(data[start : start + 12]):
        return None
    match = _BASE64.match(data, start)
    if match is None:
        return None
    run, end = match.group(), match.end()
    if len(run) >= _LINE_MIN and (more := _MORE_LINES.match(data, end)) is not None:
        run, end = run + more.group().replace(b"\r", b"").replace(b"\n", b""), more.end()
    blob = data[start - 8 : start] == b";base64," and _NOT_TEXT.search(data, max(0, start - 128), start) is not None
    found = _text_of(run, budget, blob)
    return Revealed(start=start, end=end, text=found[0], layers=found[1])


def _begins_as_text(head: bytes) -> bool:
    """Whether twelve characters of base64 decode to bytes that a text in UTF-8 may begin with. Words and identifiers mostly do not."""
    try:
        rest = binascii.a2b_base64(head.translate(_URLSAFE)).translate(None, _PRINTABLE)
    except binascii.Error:
        return False
    return not rest or (len(rest) <= 6 and rest[0] >= 0xC2 and min(rest) >= 0x80)


def _text_of(run: bytes, budget: Budget, blob: bool) -> tuple[str, tuple[str, ...]]:
    """Return what base64 says and its codings; no text when it is none. A `blob` that says it is an image is text only when it begins as text."""
    body = run.rstrip(b"=")
    standard = body.translate(_URLSAFE)
    standard = standard[: len(standard) - (len(standard) % 4 == 1)]
    layer = "base64url" if b"-" in body or b"_" in body else "base64"
    try:
        head = binascii.a2b_base64(standard[:_SAMPLE] + b"=" * (-len(standard[:_SAMPLE]) % 4))
        if blob and not _printed(head):
            return "", ()
        data = binascii.a2b_base64(standard + b"=" * (-len(standard) % 4))
    except (binascii.Error, ValueError):
        return "", ()
    if data[:3] == b"\x1f\x8b\x08" or (data[:1] == b"\x78" and len(data) > 2 and (data[0] * 256 + data[1]) % 31 == 0):
        plain = _printed(_unpacked(data, budget))
        if plain:
            return plain, (layer, "gzip" if data[:1] == b"\x1f" else "zlib")
    plain = _printed(data)
    budget.spend(len(plain))
    return plain, (layer,)


def _unpacked(data: bytes, budget: Budget) -> bytes:
    """Return what is compressed. No more than the budget is unpacked, so that a bomb does not go off. Raises Exhausted when there is more."""
    stream = zlib.decompressobj(47)
    try:
        unpacked = stream.decompress(data, budget.left + 1)
    except zlib.error:
        return b""
    budget.spend(len(unpacked))
    return unpacked


def _printed(data: bytes) -> str:
    """Return the text that data is, when at least 95 % of it can be printed; else nothing."""
    strange = len(data.translate(None, _PRINTABLE))
    if strange * 20 <= len(data):
        return data.decode(errors="replace")
    odd = data[1:32:2]
    wide = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-le" if len(odd) > 3 and odd.count(0) == len(odd) else "utf-8"
    try:
        plain = data.decode(wide)
    except UnicodeDecodeError:
        return ""
    return plain if sum(char.isprintable() or char.isspace() for char in plain) * 20 >= len(plain) * 19 else ""
