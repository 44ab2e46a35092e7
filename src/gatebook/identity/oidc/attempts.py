"""Sign-ins under way: a person is at the identity provider, and the browser that left has to be the one that comes back.

Nothing is stored of them, so that whoever begins sign-ins without end takes no place from anybody. What there is to know travels in `state`, sealed with
a key of ours and bound to a secret that only the browser has; nonce and PKCE verifier are derived from both. That each is good once, `used_once.py` sees
to when somebody enters with it.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

import msgspec
from msgspec import Struct

from gatebook.identity.oidc.sealing import seal, unseal

ATTEMPT_LIFE_S: Final = 10 * 60
USED_AS: Final = "sign-in at an identity provider"
"""Stands for an issuer in `used_once.py`: no address of one is like it."""
_PURPOSE: Final = "state of a sign-in 1"
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
    return seal(key, _PURPOSE, msgspec.json.encode(attempt), browser)


def open_attempt(key: bytes, state: str, browser: str, now_us: int) -> Attempt | None:
    """The attempt of a state; None when we did not make it, made it for another browser, or when it has expired."""
    if len(state) > _STATE_CHARACTERS_MAX or not is_browser_secret(browser):
        return None
    content = unseal(key, _PURPOSE, state, browser)
    attempt = None if content is None else msgspec.json.decode(content, type=Attempt)
    return attempt if attempt is not None and attempt.expires_us > now_us else None


def derive(key: bytes, purpose: str, state: str, browser: str) -> str:
    """A secret of one attempt, 43 characters."""
    return _base64(hmac.digest(key, f"{purpose}\0{state}\0{browser}".encode(), "sha256"))


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636, 4.2)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
