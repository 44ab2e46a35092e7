"""The secrets of a deployment: the master key, which opens payloads, the signing key, which signs checkpoints, and the keys that seal credentials."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from gatebook.identity.credentials.keys import Ring, read_ring
from gatebook.log.errors import KeyFileUnsafe
from gatebook.log.master_key import load_or_create_master_key
from gatebook.settings import Settings


class KeyMissing(Exception):
    """A secret is not where it should be; the text is for people."""


class KeyFiles(Struct, frozen=True):
    """Where the secrets of a deployment are."""

    master: Path
    signing: Path


def key_files(settings: Settings) -> KeyFiles:
    """The places of the secrets."""
    return KeyFiles(settings.secrets_dir / "master.key", settings.secrets_dir / "signing.key")


def create_keys(settings: Settings) -> list[Path]:
    """Make the secrets that are missing; returns those that were made.

    Raises KeyMissing when something was already written under a key that is gone: a new one would not open or prove it.
    """
    files = key_files(settings)
    if not files.master.exists() and settings.keys_dir.is_dir() and any(settings.keys_dir.iterdir()):
        raise KeyMissing(f"{files.master} is gone, but {settings.keys_dir} holds keys that it wraps; restore it from your backup")
    if not files.signing.exists() and (settings.log_dir / "tree" / "checkpoint").exists():
        raise KeyMissing(f"{files.signing} is gone, but checkpoints were signed with it; restore it from your backup")
    made = [path for path in (files.master, files.signing) if not path.exists()]
    for path in made:
        load_or_create_master_key(path)
    return made


def read_master_key(settings: Settings) -> bytes:
    """The master key, 32 bytes. Raises KeyMissing, KeyFileUnsafe."""
    return _read(key_files(settings).master)


def read_signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The signing key. Raises KeyMissing, KeyFileUnsafe."""
    return Ed25519PrivateKey.from_private_bytes(_read(key_files(settings).signing))


def read_credential_keys(settings: Settings) -> Ring:
    """The ring of keys that seal credentials for connectors. Raises KeyFileUnsafe."""
    return read_ring(settings.credentials.keys, credential_key_file(settings), os.environ)


def credential_key_file(settings: Settings) -> Path:
    """Where the ring is that Gatebook makes itself."""
    return settings.secrets_dir / "credential.keys"


def read_origin(settings: Settings) -> str:
    """The origin line of checkpoints. Raises OSError when the deployment has no epoch yet."""
    return f"{settings.origin}/{epoch_file(settings).read_text().strip()}"


def epoch_file(settings: Settings) -> Path:
    """Where the epoch is kept: a name for this log, so that one that is begun anew under the same node name is not taken for it."""
    return settings.data_dir / "epoch"


def _read(path: Path) -> bytes:
    if not path.exists():
        raise KeyMissing(f"there is no {path}; run `gatebook init` first")
    try:
        return load_or_create_master_key(path)
    except PermissionError as error:
        raise KeyFileUnsafe(f"{path} cannot be read by this account") from error
