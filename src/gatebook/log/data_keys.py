"""Data keys on disk: one per subject and month, wrapped by the master key, created once, destroyed for good.

A key is named `<subject>/<yyyymm>`. When it has been erased and the subject acts again in that month, the next key is
`<subject>/<yyyymm>.2`, so that an old payload is known to be erased and is never tried with the wrong key.
"""

import os
import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatebook.log.disk import make_directory, sync_directory, write_all, write_new_file
from gatebook.log.errors import PartUnavailable

_MAGIC: Final = b"gatebook.key.1\n\0"
_NONCE_BYTES: Final = 12
_KEY_ID: Final = re.compile(r"([a-z0-9-]{1,64})/(\d{6})(?:\.(\d{1,6}))?")
_CACHED_MAX: Final = 4096
# Another process may erase a key that is cached here; this bounds for how long it is still used.
_TRUSTED_S: Final = 1.0


class _Cached(NamedTuple):
    cipher: AESGCM
    path: str
    inode: int
    checked_s: float


class DataKeys:
    """Loads, creates and erases data keys; keeps a bounded number of them in memory."""

    def __init__(self, keys_dir: Path, master_key: bytes) -> None:
        self._dir = keys_dir
        self._master = AESGCM(master_key)
        self._cache: OrderedDict[str, _Cached] = OrderedDict()
        self._current: OrderedDict[tuple[str, str], str] = OrderedDict()

    def current(self, subject: str, month: str) -> tuple[str, AESGCM]:
        """Return id and cipher of the key that new payloads are sealed with; creates it durably.

        Raises OSError when it cannot be made, PartUnavailable(damaged) when its file is unreadable.
        """
        known = self._current.get((subject, month))
        if known is not None:
            cipher = self._cached(known)
            if cipher is not None:
                return known, cipher
        for key_id in _generations(subject, month):
            path, tombstone = self._paths(key_id)
            if tombstone.exists():
                continue
            if not path.exists():
                self._create(key_id, path)
            try:
                cipher = self._load(key_id)
            except PartUnavailable as error:
                if error.reason == "erased":
                    continue  # Since it was looked at; the erasure came from another process.
                raise
            self._current[subject, month] = key_id
            if len(self._current) > _CACHED_MAX:
                self._current.popitem(last=False)
            return key_id, cipher
        raise AssertionError("generations do not end")

    def existing(self, key_id: str) -> AESGCM:
        """Return the cipher for a key that a record names. Raises PartUnavailable: erased, or damaged when the file is missing or unreadable."""
        return self._cached(key_id) or self._load(key_id)

    def erase(self, subject: str, month: str) -> list[str]:
        """Destroy all keys of the subject in the month, durably. Returns the ids of those that are gone, also if they were before."""
        erased: list[str] = []
        for key_id in _generations(subject, month):
            path, tombstone = self._paths(key_id)
            if not path.exists() and not tombstone.exists():
                break
            # The tombstone comes first: from then on nobody takes the key, even if this process ends here.
            write_new_file(tombstone, b"")
            self._cache.pop(key_id, None)
            self._current.pop((subject, month), None)
            _shred(path)
            erased.append(key_id)
        return erased

    def _paths(self, key_id: str) -> tuple[Path, Path]:
        match = _KEY_ID.fullmatch(key_id)
        if match is None:
            raise PartUnavailable("damaged", f"{key_id!r} is not the id of a data key")
        subject, month, generation = match.groups()
        stem = subject if generation is None else f"{subject}.{generation}"
        return self._dir / month / f"{stem}.key", self._dir / month / f"{stem}.erased"

    def _cached(self, key_id: str) -> AESGCM | None:
        entry = self._cache.get(key_id)
        if entry is None:
            return None
        now_s = time.monotonic()
        if now_s - entry.checked_s > _TRUSTED_S:
            try:
                inode = os.stat(entry.path).st_ino
            except FileNotFoundError:
                inode = -1
            if inode != entry.inode:
                del self._cache[key_id]
                return None
            self._cache[key_id] = entry._replace(checked_s=now_s)
        self._cache.move_to_end(key_id)
        return entry.cipher

    def _create(self, key_id: str, path: Path) -> None:
        make_directory(path.parent, 0o700)
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = self._master.encrypt(nonce, os.urandom(32), key_id.encode())
        write_new_file(path, _MAGIC + nonce + wrapped)

    def _load(self, key_id: str) -> AESGCM:
        path, tombstone = self._paths(key_id)
        if tombstone.exists():
            raise PartUnavailable("erased", f"data key {key_id} was destroyed")
        try:
            inode = path.stat().st_ino
            data = path.read_bytes()
        except FileNotFoundError:
            raise PartUnavailable("damaged", f"data key {key_id} is missing") from None
        nonce, wrapped = data[len(_MAGIC) : len(_MAGIC) + _NONCE_BYTES], data[len(_MAGIC) + _NONCE_BYTES :]
        try:
            if not data.startswith(_MAGIC):
                raise ValueError("another magic")
            cipher = AESGCM(self._master.decrypt(nonce, wrapped, key_id.encode()))
        except (InvalidTag, ValueError):
            raise PartUnavailable("damaged", f"data key {key_id} does not open with this master key") from None
        self._cache[key_id] = _Cached(cipher, str(path), inode, time.monotonic())
        if len(self._cache) > _CACHED_MAX:
            self._cache.popitem(last=False)
        return cipher


def _generations(subject: str, month: str) -> Iterator[str]:
    yield f"{subject}/{month}"
    for number in count(2):
        yield f"{subject}/{month}.{number}"


def _shred(path: Path) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        write_all(fd, bytes(os.fstat(fd).st_size), 0)
        os.fsync(fd)
    finally:
        os.close(fd)
    path.unlink(missing_ok=True)
    sync_directory(path.parent)
