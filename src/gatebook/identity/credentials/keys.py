"""The keys that wrap the keys of credentials: a ring of them by id, the newest wraps, all unwrap.

A ring of its own, not derived from the master key: several nodes that share state share it, and it is exchanged without touching the log.
The text of a ring is one key a line, `<id> <base64 of 32 bytes>`, the newest last; in an environment variable commas may stand for line ends.
`Wrapper` is what a key management system has to offer in its place.
"""

import base64
import contextlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatebook.log.disk import make_directory, write_new_file
from gatebook.log.errors import KeyFileUnsafe

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_FILE_BYTES_MAX: Final = 64 * 1024


class KeyUnknown(Exception):
    """A credential is sealed under a key that the ring does not have; the text is for people."""


class Wrapper(Protocol):
    """Wraps and unwraps the key of one credential. `context` binds it to its place: the same must be given to unwrap. Raises KeyUnknown."""

    @property
    def current(self) -> str:
        """Id of the key that wraps from now on."""
        ...

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """Return the id of the wrapping key and the wrapped key."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Return the key. Raises KeyUnknown, and InvalidTag when it was tampered with or belongs elsewhere."""
        ...


class KeyRing:
    """Keys in memory. The last one wraps."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("a ring has one key at least")
        self._keys = {id: AESGCM(key) for id, key in keys.items()}
        self.current = list(keys)[-1]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, oldest first."""
        return tuple(self._keys)

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """Wrap under the newest key."""
        nonce = os.urandom(NONCE_BYTES)
        return self.current, nonce + self._keys[self.current].encrypt(nonce, key, _bound(self.current, context))

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap under the key that wrapped it."""
        cipher = self._keys.get(key_id)
        if cipher is None:
            raise KeyUnknown(f"the credential key {key_id[:40]!r} is not in the ring; put it back, or connect anew")
        if len(wrapped) < NONCE_BYTES:
            raise InvalidTag
        return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound(key_id, context))


class FileRing:
    """The keys in a file, which is read again when it has changed: a new key is taken up by running processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._look()
        self._ring = parse_ring(_read(path), str(path))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, oldest first."""
        return self._fresh().ids

    @property
    def current(self) -> str:
        """Id of the newest key."""
        return self._fresh().current

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        """Wrap under the newest key."""
        return self._fresh().wrap(key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap under the key that wrapped it."""
        return self._fresh().unwrap(key_id, wrapped, context)

    def _fresh(self) -> KeyRing:
        with contextlib.suppress(OSError, KeyFileUnsafe):  # a file that cannot be read now: what is known stays good
            stamp = self._look()
            if stamp != self._stamp:
                self._ring, self._stamp = parse_ring(_read(self.path), str(self.path)), stamp
        return self._ring

    def _look(self) -> tuple[int, int, int]:
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise KeyFileUnsafe(f"{self.path}: {error.strerror}") from error
        return found.st_mtime_ns, found.st_ino, found.st_size


Ring = KeyRing | FileRing


def read_ring(place: str, default: Path, environ: Mapping[str, str]) -> Ring:
    """Read the ring from `env:NAME` or `file:/path`; without a place from the default file, which is made when it is not there.

    Raises KeyFileUnsafe when others may read the file, or it holds no keys.
    """
    if place.startswith("env:"):
        return parse_ring(environ.get(place[4:], "").replace(",", "\n"), place)
    path = Path(place.removeprefix("file:")) if place else default
    if not place and not path.exists():
        make_directory(path.parent, 0o700)
        # False means that another process was first: its key is the one that counts.
        write_new_file(path, new_line().encode(), 0o600)
    return FileRing(path)


def parse_ring(text: str, where: str) -> KeyRing:
    """Read the text of a ring. Raises KeyFileUnsafe, whose text holds no key."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            key = base64.b64decode(words[1], validate=True) if len(words) == 2 else b""
        except ValueError:  # also what is not ASCII
            key = b""
        if not _ID.fullmatch(words[0]) or len(key) != KEY_BYTES or words[0] in keys:
            raise KeyFileUnsafe(f"{where}: line {number} is not `<id> <base64 of {KEY_BYTES} bytes>` with an id of its own")
        keys[words[0]] = key
    if not keys:
        raise KeyFileUnsafe(f"{where} holds no credential key")
    return KeyRing(keys)


def new_line() -> str:
    """A new key as a line of a ring."""
    return f"k{secrets.token_hex(4)} {base64.b64encode(os.urandom(KEY_BYTES)).decode()}\n"


def add_key(path: Path) -> str:
    """Add a new key to the ring in a file, durably; returns its id. Raises KeyFileUnsafe, OSError."""
    text, line = _read(path), new_line()
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    write_new_file(beside, (text.rstrip("\n") + "\n" + line).encode(), 0o600)
    beside.replace(path)
    return line.split()[0]


def _read(path: Path) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise KeyFileUnsafe(f"{path}: {error.strerror}") from error
    try:
        mode = stat.S_IMODE(os.fstat(fd).st_mode)
        if mode & 0o077:
            raise KeyFileUnsafe(f"{path} may be read or written by others (mode {mode:04o}); make it 0600")
        return os.read(fd, _FILE_BYTES_MAX).decode("ascii", "replace")
    finally:
        os.close(fd)


def _bound(key_id: str, context: bytes) -> bytes:
    return b"gatebook credential key 1\0" + key_id.encode() + b"\0" + context
