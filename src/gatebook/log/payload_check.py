"""Is a payload the one that its record vouches for? A quick comparison of texts for the usual case, and a full one for what it does not pass."""

from binascii import hexlify
from hashlib import sha256
from struct import Struct

import msgspec

from gatebook.log.frames import PART_CODES, Bad, parse_parts
from gatebook.record.parts import Payload

_PART = Struct("<BI")
_PART_HEADS = {code: f'{{"part":"{name}","size":'.encode() for name, code in PART_CODES.items()}
_SEALED_EXTRA_BYTES = 60  # nonce, salt and tag beside the clear bytes
_LAYOUTS_MAX = 20_000
_PARTS: dict[bytes, tuple[bytes, int, int]] = {}


class _PayloadOf(msgspec.Struct):
    payload: Payload | None = None


_decode_payload = msgspec.json.Decoder(_PayloadOf).decode


def is_listed(core: bytes, buf: bytes, view: memoryview, at: int, end: int) -> bool:
    """Compare the parts with the text that the core must end with if it vouches for them; False means: look closer."""
    place = core.rfind(b'"parts":[') + 9
    while at < end:
        header = buf[at : at + 5]
        text, size, digest_at = _PARTS.get(header) or _layout(header)
        at += 5 + size
        if at > end or not core.startswith(text, place):
            return False
        place += digest_at
        if not core.startswith(hexlify(sha256(view[at - size : at]).digest()), place):
            return False
        place += 67
    return core.startswith(b"}]", place - 2)


def _layout(header: bytes) -> tuple[bytes, int, int]:
    """Return for the header of a part how its entry in the core begins, its size, and where in the entry the digest is."""
    if len(header) < _PART.size or header[0] not in _PART_HEADS:
        return b"\0", 0, 0  # no core holds a zero byte
    size = _PART.unpack(header)[1]
    text = b'%b%d,"commit":"' % (_PART_HEADS[header[0]], size - _SEALED_EXTRA_BYTES)
    layout = text, size, len(text) + 64 + len('","digest":"')
    if len(_PARTS) < _LAYOUTS_MAX:
        _PARTS[header] = layout
    return layout


def lists_payload(core: bytes) -> bool:
    """True when the record lists a payload; without one beside it, it has been dropped."""
    return _listed(core) is not None


def what_is_wrong(core: bytes, payload: bytes) -> str | None:
    """Compare part by part; None when the payload is the one that the record vouches for."""
    listed = _listed(core)
    if listed is None:
        return "there is a payload that the record does not list"
    parts = parse_parts(payload)
    if isinstance(parts, Bad):
        return parts.reason
    if [name for name, _ in parts] != [part.part for part in listed.parts]:
        return "the parts are not those that the record lists"
    for (name, data), part in zip(parts, listed.parts, strict=True):
        if sha256(data).hexdigest() != part.digest:
            return f"part {name} is not the one that the record vouches for"
    return None


def _listed(core: bytes) -> Payload | None:
    try:
        return _decode_payload(core).payload
    except msgspec.MsgspecError:
        return None
