"""Sign-ins under way: a person is at the identity provider, and the browser that left has to be the one that comes back.

Nothing is stored of them, so that whoever begins sign-ins without end takes no place from anybody. What there is to know travels in `state`, sealed with
a key of ours and bound to a secret that only the browser has; nonce and PKCE verifier are derived from both. That each is good once, `used_once.py` sees
to when somebody enters with it.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

ATTEMPT_LIFE_S: Final = 10 * 60
USED_AS: Final = "sign-in at an identity provider"
"""Stands for an issuer in `used_once.py`: no address of one is like it."""
_NONCE_BYTES: Final = 12
_STATE_CHARACTERS_MAX: Final = 4000
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Attempt(Struct, frozen=True, array_like=True):
    """Where a sign-in went, where the person goes afterwards, and until when, in microseconds since 1970."""

    provider: str
    return_to: str
    expires_us: int


def is_browser_secret(text: str) -> bool:
    """Whether a cookie can be one of ours: 256 bits."""
    return _SECRET.fullmatch(text) is not None


def seal_attempt(key: bytes, browser: str, provider: str, return_to: str, now_us: int) -> str:
    """Make the state of a new attempt. Different each time."""
    attempt = Attempt(provider, return_to, now_us + ATTEMPT_LIFE_S * 1_000_000)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _base64(nonce + _cipher(key).encrypt(nonce, msgspec.json.encode(attempt), browser.encode()))


def open_attempt(key: bytes, state: str, browser: str, now_us: int) -> Attempt | None:
    """The attempt of a state; None when we did not make it, made it for another browser, or when it has expired."""
    if len(state) > _STATE_CHARACTERS_MAX or not is_browser_secret(browser):
        return None
    try:
        sealed = base64.b64decode(state + "=" * (-len(state) % 4), altchars=b"-_", validate=True)
        opened = _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], browser.encode())
    except (ValueError, binascii.Error, InvalidTag):
        return None
    attempt = msgspec.json.decode(opened, type=Attempt)
    # One text for one attempt: whatever else decodes to the same bytes would be good a second time.
    return attempt if attempt.expires_us > now_us and _base64(sealed) == state else None


def derive(key: bytes, purpose: str, state: str, browser: str) -> str:
    """A secret of one attempt, 43 characters."""
    return _base64(hmac.digest(key, f"{purpose}\0{state}\0{browser}".encode(), "sha256"))


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636, 4.2)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, b"state of a sign-in 1", "sha256"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
