"""Seals payloads for storage and opens them again. What is clear here never reaches the log; the log holds commitments and ciphertext."""

import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag

from gatebook.log.data_keys import DataKeys
from gatebook.log.errors import PartUnavailable
from gatebook.log.frames import Bad, encode_part, parse_parts
from gatebook.record.parts import Part, PartName, Payload

SALT_BYTES: Final = 32
NONCE_BYTES: Final = 12
_RANDOM_BYTES: Final = 4400


class Vault:
    """Payload encryption under one master key. One per process; used from one thread."""

    def __init__(self, keys_dir: Path, master_key: bytes) -> None:
        self._keys = DataKeys(keys_dir, master_key)
        self._master_key = master_key
        self._pseudonym_key = hmac.digest(master_key, b"gatebook pseudonym 1", "sha256")
        self._month_ends_us = 0
        self._month_begins_us = 0
        self._month = ""
        self._random = b""
        self._random_used = 0

    def subject(self, identity: str) -> str:
        """Return the keyed pseudonym of a person or service account, 24 hex characters."""
        return hmac.digest(self._pseudonym_key, identity.encode("utf-8", "surrogatepass"), "sha256")[:12].hex()

    def derive(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for another purpose than encryption, the same as long as the master key is."""
        return hmac.digest(self._master_key, f"gatebook {purpose}".encode(), "sha256")

    def seal(self, record_id: str, subject: str, time_us: int, parts: Sequence[tuple[PartName, bytes]]) -> tuple[Payload, bytes]:
        """Encrypt the parts under the subject's key of the month of `time_us`. Returns what the core says of them, and the bytes to store.

        Raises OSError when a new key cannot be made durable.
        """
        key_id, cipher = self._keys.current(subject, self._month_of(time_us))
        described: list[Part] = []
        stored: list[bytes] = []
        for name, data in parts:
            salt = self._take_random()
            nonce = salt[SALT_BYTES:]
            salt = salt[:SALT_BYTES]
            commit = hmac.digest(salt, data, "sha256").hex()
            sealed = nonce + cipher.encrypt(nonce, salt + data, _associated(record_id, name, commit))
            described.append(Part(part=name, size=len(data), commit=commit, digest=hashlib.sha256(sealed).hexdigest()))
            stored.append(encode_part(name, sealed))
        return Payload(key=key_id, parts=tuple(described)), b"".join(stored)

    def open(self, record_id: str, payload: Payload, blob: bytes) -> dict[PartName, bytes]:
        """Decrypt a stored payload and check it against its commitments. Raises PartUnavailable(dropped, erased or damaged)."""
        if not payload.parts:
            return {}
        if not blob:
            raise PartUnavailable("dropped", f"of record {record_id}, by retention")
        stored = parse_parts(blob)
        if isinstance(stored, Bad):
            raise PartUnavailable("damaged", f"of record {record_id}: {stored.reason}")
        if [name for name, _ in stored] != [part.part for part in payload.parts]:
            raise PartUnavailable("damaged", f"of record {record_id}: the parts are not those that the record lists")
        cipher = self._keys.existing(payload.key)
        clear: dict[PartName, bytes] = {}
        for part, (_, sealed) in zip(payload.parts, stored, strict=True):
            associated = _associated(record_id, part.part, part.commit)
            try:
                salted = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)
            except (InvalidTag, ValueError):
                raise PartUnavailable("damaged", f"part {part.part} of record {record_id} does not decrypt") from None
            data = salted[SALT_BYTES:]
            if not hmac.compare_digest(hmac.digest(salted[:SALT_BYTES], data, "sha256").hex(), part.commit):
                raise PartUnavailable("damaged", f"part {part.part} of record {record_id} does not match its commitment")
            clear[part.part] = data
        return clear

    def erase(self, subject: str, month: str) -> list[str]:
        """Destroy the subject's data keys of a month (`yyyymm`). Returns the ids of the keys; their payloads are unreadable from now on.

        Other processes that hold the key in memory notice within a second.
        """
        return self._keys.erase(subject, month)

    def _month_of(self, time_us: int) -> str:
        if not self._month_begins_us <= time_us < self._month_ends_us:
            begins = datetime.fromtimestamp(time_us / 1_000_000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            ends = begins.replace(year=begins.year + begins.month // 12, month=begins.month % 12 + 1)
            self._month_begins_us = int(begins.timestamp()) * 1_000_000
            self._month_ends_us = int(ends.timestamp()) * 1_000_000
            self._month = f"{begins:%Y%m}"
        return self._month

    def _take_random(self) -> bytes:
        # One system call for a hundred parts: each costs as much as the encryption of a small part.
        start = self._random_used
        end = start + SALT_BYTES + NONCE_BYTES
        if end > len(self._random):
            self._random = os.urandom(_RANDOM_BYTES)
            start, end = 0, SALT_BYTES + NONCE_BYTES
        self._random_used = end
        return self._random[start:end]


def _associated(record_id: str, part: str, commit: str) -> bytes:
    return f"{record_id}\0{part}\0{commit}".encode()
