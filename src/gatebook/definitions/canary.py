"""Canaries: fake secrets that name the call which planted them, so that no store is needed to recognize one.

A canary looks like a personal access token of GitHub: `ghp_` and 36 base62 characters, 214 bits. They hold an authenticated and
masked call id: the tag is an HMAC of the id, and the id is masked by an HMAC of the tag, so neighbouring calls have tokens that
share nothing. Whoever lacks the key can neither make one nor read one. A canary is never a real token: nobody issued it.
"""

import hashlib
import hmac
import re
import uuid

PREFIX = b"ghp_"
KEY_BYTES_MIN = 16
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {ord(digit): value for value, digit in enumerate(_DIGITS)}
_LENGTH = 36
_TOKEN = re.compile(rb"[0-9A-Za-z]{36}")
_ID_BYTES = 16
_TAG_BYTES = 10
# What 36 characters hold beyond 208 bits is filled from the tag, too; else every canary would begin with a zero.
_FILLS = 62**_LENGTH >> 8 * (_ID_BYTES + _TAG_BYTES)


def make(key: bytes, call_id: bytes | str) -> str:
    """Return the canary of a call: 40 ASCII characters, always the same for one key and id.

    `call_id` is a UUID, as text or as its 16 bytes. Raises ValueError for another length, and for a key below 16 bytes.
    """
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"A key for canaries has at least {KEY_BYTES_MIN} bytes.")
    plain = uuid.UUID(call_id).bytes if isinstance(call_id, str) else call_id
    if len(plain) != _ID_BYTES:
        raise ValueError(f"A call id has {_ID_BYTES} bytes, not {len(plain)}.")
    tag, fill = _tag(key, plain)
    number = int.from_bytes(fill.to_bytes(1, "big") + tag + _masked(key, tag, plain), "big")
    digits = []
    for _ in range(_LENGTH):
        number, value = divmod(number, 62)
        digits.append(_DIGITS[value])
    return PREFIX.decode() + "".join(reversed(digits))


def find(key: bytes, text: bytes) -> list[str]:
    """Return the ids of the calls whose canaries stand in the text, as UUIDs, each once, in order.

    Texts without the prefix cost one search. What stands before or behind a token does not matter.
    """
    found: dict[str, None] = {}
    tried: set[bytes] = set()
    at = text.find(PREFIX)
    while at >= 0:
        match = _TOKEN.match(text, at + len(PREFIX))
        if match and match.group() not in tried:
            tried.add(match.group())
            if call_id := _read(key, match.group()):
                found[call_id] = None
        at = text.find(PREFIX, at + len(PREFIX))
    return list(found)


def _read(key: bytes, token: bytes) -> str | None:
    number = 0
    for digit in token:
        number = number * 62 + _VALUES[digit]
    packed = number.to_bytes(1 + _TAG_BYTES + _ID_BYTES, "big")
    tag = packed[1 : 1 + _TAG_BYTES]
    plain = _masked(key, tag, packed[1 + _TAG_BYTES :])
    right, fill = _tag(key, plain)
    if not hmac.compare_digest(packed[: 1 + _TAG_BYTES], fill.to_bytes(1, "big") + right):
        return None
    return str(uuid.UUID(bytes=plain))


def _tag(key: bytes, plain: bytes) -> tuple[bytes, int]:
    digest = hmac.digest(key, b"gatebook canary tag\0" + plain, hashlib.sha256)
    return digest[:_TAG_BYTES], int.from_bytes(digest[_TAG_BYTES : _TAG_BYTES + 4], "big") % _FILLS


def _masked(key: bytes, tag: bytes, text: bytes) -> bytes:
    mask = hmac.digest(key, b"gatebook canary mask\0" + tag, hashlib.sha256)[:_ID_BYTES]
    return bytes(left ^ right for left, right in zip(text, mask, strict=True))
