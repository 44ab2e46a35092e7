"""C2SP signed notes and checkpoints: what the keeper signs, as text that any other tool for transparency logs can read.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint. Only Ed25519 (type 0x01). Parsing is strict: what is not exactly the format is an error.
"""

import base64
import binascii
import hashlib
import re

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_SIGNATURE_BYTES = 64
_NOTE_BYTES_MAX = 1_000_000
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n")
_HEAD_LINE = re.compile(r"stream ([a-z0-9-]{1,64}) ([1-9][0-9]{0,18}) ([0-9a-f]{64})")
_SIZE_LINE = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteError(ValueError):
    """The text is not a signed note or checkpoint, or its signature is not that of the key."""


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key under a name, as in the text `<name>+<hash>+<base64>`."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """The 4 bytes by which a signature line says which key made it."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


class Head(msgspec.Struct, frozen=True):
    """The last record of a stream that a checkpoint covers."""

    stream: str
    seq: int
    leaf: bytes


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the tree that is signed. `time` is RFC 3339 in UTC."""

    origin: str
    size: int
    root: bytes
    time: str
    heads: tuple[Head, ...] = ()

    def text(self) -> str:
        """Return the lines that are signed."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode(), f"time {self.time}"]
        lines += [f"stream {head.stream} {head.seq} {head.leaf.hex()}" for head in self.heads]
        return "\n".join(lines) + "\n"


def key_of(name: str, private: Ed25519PrivateKey) -> VerifierKey:
    """Return the public half of a signing key under the name that its notes carry."""
    return VerifierKey(name, private.public_key().public_bytes_raw())


def parse_key(text: str) -> VerifierKey:
    """Read `<name>+<hash>+<base64>`. Raises NoteError, also when the hash is not that of the key."""
    name, _, rest = text.strip().partition("+")
    hash_text, _, key_text = rest.partition("+")
    raw = _unbase64(key_text)
    if not name or re.search(r"\s", name) or raw[:1] != _ED25519 or len(raw) != 33:
        raise NoteError("not an Ed25519 verifier key")
    key = VerifierKey(name, raw[1:])
    if hash_text != key.hash.hex():
        raise NoteError(f"the verifier key says hash {hash_text}, but its hash is {key.hash.hex()}")
    return key


def sign_note(text: str, name: str, private: Ed25519PrivateKey) -> str:
    """Return the signed note over `text`, which ends with a line feed."""
    if not text.endswith("\n") or "\n\n" in text:
        raise NoteError("the text of a note has no empty line and ends with a line feed")
    key = key_of(name, private)
    parse_key(str(key))
    signature = base64.b64encode(key.hash + private.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n"


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text and (name, key hash and signature) of every signature line. Raises NoteError."""
    if len(note) > _NOTE_BYTES_MAX or any(ord(character) < 0x20 and character != "\n" for character in note):
        raise NoteError("not a note: too long, or with control characters")
    text, separator, tail = note.rpartition("\n\n")
    lines = tail.splitlines(keepends=True)
    if not separator or not lines:
        raise NoteError("not a note: no signature lines")
    signatures = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise NoteError("not a note: a signature line is malformed")
        blob = _unbase64(match[2])
        if len(blob) < 5:
            raise NoteError("not a note: a signature is too short")
        signatures.append((match[1], blob))
    return text + "\n", signatures


def open_note(note: str, key: VerifierKey) -> str:
    """Return the text of a note that `key` has signed. Raises NoteError.

    Lines of other keys (cosignatures of witnesses) are passed over, as the format demands.
    """
    text, signatures = split_note(note)
    mine = [blob for name, blob in signatures if name == key.name and blob[:4] == key.hash]
    if not mine:
        names = ", ".join(f"{name}+{blob[:4].hex()}" for name, blob in signatures)
        raise NoteError(f"not signed by {key.name}+{key.hash.hex()} but by {names}")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for blob in mine:
        try:
            public.verify(blob[4:], text.encode())
        except InvalidSignature:
            raise NoteError(f"the signature of {key.name}+{key.hash.hex()} is not over this text") from None
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the lines of a checkpoint. Unknown extension lines are passed over. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not lines[0] or not _SIZE_LINE.fullmatch(lines[1]):
        raise NoteError("not a checkpoint: origin, size and root are the first three lines")
    root = _unbase64(lines[2])
    if len(root) != 32:
        raise NoteError("not a checkpoint: the root is not 32 bytes")
    time, heads = "", []
    for line in lines[3:-1]:
        if line.startswith("time "):
            time = line[5:]
        elif line.startswith("stream "):
            match = _HEAD_LINE.fullmatch(line)
            if match is None:
                raise NoteError("not a checkpoint: a stream line is malformed")
            heads.append(Head(match[1], int(match[2]), bytes.fromhex(match[3])))
        elif not line:
            raise NoteError("not a checkpoint: an empty line")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root, time=time, heads=tuple(heads))


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint in a note that `key` has signed; its origin must be the key's name. Raises NoteError."""
    checkpoint = parse_checkpoint(open_note(note, key))
    if checkpoint.origin != key.name:
        raise NoteError(f"the checkpoint is of {checkpoint.origin}, the key of {key.name}")
    return checkpoint


def _unbase64(text: str) -> bytes:
    """Decode base64 that has one form only. Raises NoteError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("malformed base64") from None
    if base64.b64encode(raw).decode() != text:
        raise NoteError("malformed base64")
    return raw
