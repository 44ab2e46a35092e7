"""Seals one secret text: a key of its own, AES-256-GCM, bound to what it is for. A row that is copied to another owner or connector does not open.

A box is `1.<wrapped key>.<nonce and ciphertext>`, base64url without padding. Exchanging the wrapping key touches the first part only.
"""

import base64
import binascii
import os
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from gatebook.identity.credentials.keys import NONCE_BYTES, Wrapper

_VERSION: Final = "1"
Purpose = Literal["credential", "client", "attempt"]


class BoxDamaged(Exception):
    """A box does not open: it was changed, or belongs to another place."""


class Place(Struct, frozen=True):
    """What a box is for. `owner` is a person, an issuer or a hash, as the purpose has it."""

    purpose: Purpose
    owner: str
    connector: str

    @property
    def context(self) -> bytes:
        """The associated data: lengths first, so that no two places are written the same."""
        parts = [part.encode("utf-8", "surrogatepass") for part in (self.purpose, self.owner, self.connector)]
        return b"gatebook credential 1" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def seal(wrapper: Wrapper, place: Place, secret: bytes) -> tuple[str, str]:
    """Return the id of the wrapping key and the box."""
    key, nonce = os.urandom(32), os.urandom(NONCE_BYTES)
    key_id, wrapped = wrapper.wrap(key, place.context)
    return key_id, ".".join((_VERSION, _text(wrapped), _text(nonce + AESGCM(key).encrypt(nonce, secret, place.context))))


def open_box(wrapper: Wrapper, place: Place, key_id: str, box: str) -> bytes:
    """Return the secret. Raises BoxDamaged, KeyUnknown."""
    wrapped, sealed = _parts(box)
    try:
        key = wrapper.unwrap(key_id, wrapped, place.context)
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.context)
    except (InvalidTag, ValueError):
        raise BoxDamaged("a sealed credential does not open: it was changed, or belongs to another place") from None


def rewrap(wrapper: Wrapper, place: Place, key_id: str, box: str) -> tuple[str, str]:
    """Return the same box under the newest key; what is sealed in it stays as it is. Raises BoxDamaged, KeyUnknown."""
    wrapped, _ = _parts(box)
    try:
        key = wrapper.unwrap(key_id, wrapped, place.context)
    except InvalidTag:
        raise BoxDamaged("a sealed credential does not open: it was changed, or belongs to another place") from None
    new_id, again = wrapper.wrap(key, place.context)
    return new_id, ".".join((_VERSION, _text(again), box.split(".")[2]))


def _parts(box: str) -> tuple[bytes, bytes]:
    parts = box.split(".")
    if len(parts) != 3 or parts[0] != _VERSION:
        raise BoxDamaged("a sealed credential is of an unknown form")
    try:
        wrapped, sealed = (base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True) for part in parts[1:])
    except (binascii.Error, ValueError):
        raise BoxDamaged("a sealed credential is of an unknown form") from None
    return wrapped, sealed


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
