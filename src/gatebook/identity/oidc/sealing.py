"""What travels through a browser and is to be read and made by us alone: AES-256-GCM under a key of its purpose, in characters of an address."""

import base64
import binascii
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


def seal(key: bytes, purpose: str, content: bytes, context: str = "") -> str:
    """Seal; different each time. `key` has 32 bytes; it opens with the same purpose and context alone."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _text(nonce + _cipher(key, purpose).encrypt(nonce, content, context.encode()))


def unseal(key: bytes, purpose: str, sealed: str, context: str = "") -> bytes | None:
    """The content; None when we did not seal it so."""
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        # One text for one content: another that decodes to the same bytes would pass for another one.
        return _cipher(key, purpose).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()) if _text(raw) == sealed else None
    except (ValueError, binascii.Error, InvalidTag):
        return None


def _cipher(key: bytes, purpose: str) -> AESGCM:
    return AESGCM(hmac.digest(key, purpose.encode(), "sha256"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
