"""Access tokens and other secrets that we hand out: their shape, their check sum, their hash. Only the hash is ever stored.

A prefix that says what it is + 30 base62 characters of 256 random bits + 6 base62 characters of the CRC-32 of all before them, so that a scanner
for leaked secrets can tell a real one offline.
"""

import hashlib
import re
import zlib
from typing import Final, Literal

TokenKind = Literal["personal", "service", "oauth", "refresh", "directory"]
PREFIXES: Final[dict[TokenKind, str]] = {
    "personal": "gw_pat_",
    "service": "gw_svc_",
    "oauth": "gw_oat_",
    "refresh": "gw_ort_",
    "directory": "gw_scim_",
}
"""personal: of a person · service: of a service account · oauth, refresh: of an AI client that signed in · directory: of the directory (SCIM)."""
SCANNER_PATTERN: Final = r"\bgw_(?:pat|svc|oat|ort|scim)_[0-9A-Za-z]{36}\b"
"""What scanners for leaked secrets look for; `is_well_formed` then checks the sum."""
PATTERN: Final = re.compile(SCANNER_PATTERN.replace(r"\b", ""))
_ANYWHERE: Final = re.compile(r"(gw_(?:pat|svc|oat|ort|scim)_[0-9A-Za-z]{4})[0-9A-Za-z]+")
_KINDS: Final[dict[str, TokenKind]] = {prefix: kind for kind, prefix in PREFIXES.items()}
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS = 30
_SUM_CHARACTERS = 6
_SHOWN_CHARACTERS = 4


def make_token(random: bytes, kind: TokenKind = "personal") -> str:
    """Make a token of 32 random bytes."""
    if len(random) != 32:
        raise ValueError("a token is made of 32 random bytes")
    body = PREFIXES[kind] + _base62(int.from_bytes(random, "big"), _RANDOM_CHARACTERS)
    return body + _check_sum(body)


def kind_of(token: str) -> TokenKind | None:
    """What a token is by its prefix; None for what has none of ours. Says nothing of the rest."""
    head, _, _ = token[3:].partition("_")
    return _KINDS.get(f"gw_{head}_") if token.startswith("gw_") else None


def is_well_formed(token: str) -> bool:
    """Whether the shape and the check sum are right: whether it can ever have been a token."""
    return PATTERN.fullmatch(token) is not None and token[-_SUM_CHARACTERS:] == _check_sum(token[:-_SUM_CHARACTERS])


def shown_part(token: str) -> str:
    """The beginning by which people tell tokens apart: the prefix and four characters."""
    kind = kind_of(token)
    return token[: len(PREFIXES[kind] if kind else PREFIXES["personal"]) + _SHOWN_CHARACTERS]


def without_tokens(text: str) -> str:
    """A text that somebody typed, as it may be kept: of what looks like a token, or the beginning of one, only the part by which people tell them apart."""
    return _ANYWHERE.sub(r"\1…", text)


def digest(secret: str) -> str:
    """SHA-256 in hex: what is stored in place of a token, link or session. They are random, so no salt or slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_sum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _SUM_CHARACTERS)


def _base62(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[rest])
    return "".join(reversed(characters))
