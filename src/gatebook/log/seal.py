"""The sealer: puts durable records of all streams into one tree and signs its state. One per node, in the keeper, which alone holds the key.

Order on disk: runs, tiles, then the checkpoint. The checkpoint file is the point of no return: what lies beyond it at a start is dropped and
made again. What has been signed once is never signed otherwise: a stream that is shorter or different stops the sealer.
"""

import fcntl
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatebook.log.checkpoints import CHECKPOINT_NAME, HISTORY_NAME, KEY_NAME, HistoryLine
from gatebook.log.disk import make_directory, write_all, write_new_file
from gatebook.log.errors import LogDamaged, LogError
from gatebook.log.merkle import HASH_BYTES
from gatebook.log.note import Checkpoint, Head, NoteError, key_of, open_checkpoint, sign_note
from gatebook.log.position import Position
from gatebook.log.reader import StreamReader, streams
from gatebook.log.runs import Run
from gatebook.log.segment import segments
from gatebook.log.tiles import TileError, TileWriter, write_durable
from gatebook.record.codec import FIRST_PREV, RecordError, decode_header, leaf_hash

_READ_RECORDS_MAX: Final = 1000
_READ_BYTES_MAX: Final = 8 << 20
# Seals as much as is there at once: each checkpoint costs several syncs, which the writers of records wait for too.
_PENDING_MAX: Final = 16_384
_SEED_BYTES: Final = 32


class SealerBusy(LogError):
    """Another process seals this log."""


class SigningKeyUnsafe(LogError):
    """The signing key file is readable by others, or is not a key."""


class _Stream:
    """How far one stream has been taken into the tree."""

    def __init__(self, stream_dir: Path) -> None:
        self.name = stream_dir.name
        self.seq = 0
        self.prev = FIRST_PREV
        self.reader = StreamReader(stream_dir)


def load_or_create_signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the Ed25519 key in a file of 32 bytes (the seed), made at the first use with mode 0600.

    Raises SigningKeyUnsafe when others can read it.
    """
    if not path.exists():
        make_directory(path.parent, 0o700)
        write_new_file(path, os.urandom(_SEED_BYTES), 0o600)
    mode = path.stat().st_mode
    if mode & 0o077:
        raise SigningKeyUnsafe(f"{path} can be read by others (mode {mode & 0o777:04o}); run: chmod 600 {path}")
    seed = path.read_bytes()
    if len(seed) != _SEED_BYTES:
        raise SigningKeyUnsafe(f"{path} has {len(seed)} bytes; a signing key has {_SEED_BYTES}")
    return Ed25519PrivateKey.from_private_bytes(seed)


class Sealer:
    """Takes records into the tree and signs it. Call `step` about once a second, `step(flush=True)` at the end, then `close`."""

    def __init__(
        self,
        log_dir: Path,
        signing_key: Ed25519PrivateKey,
        origin: str,
        interval_s: float = 5.0,
        leaves_max: int = 1000,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Continue from the newest checkpoint. Raises SealerBusy, LogDamaged when the log is not what was signed, NoteError for another key."""
        self.log_dir = log_dir
        self.tree_dir = log_dir / "tree"
        self.checkpoint: Checkpoint | None = None
        self._key = signing_key
        self._origin = origin
        self._interval_s = interval_s
        self._leaves_max = leaves_max
        self._now = now
        self._signed_at = now()
        self._pending = bytearray()
        self._runs: list[Run] = []
        self._streams: dict[str, _Stream] = {}
        make_directory(self.tree_dir / "tile")
        self._lock_fd = _take_lock(self.tree_dir / "sealer.lock")
        try:
            self._tiles = self._recover()
        except BaseException:
            self.close()
            raise

    @property
    def pending(self) -> int:
        """Records that were read but are not yet under a checkpoint."""
        return len(self._pending) // HASH_BYTES

    def step(self, flush: bool = False) -> Checkpoint | None:
        """Read what is new; sign when the interval has passed, enough records wait, or `flush`. Returns the checkpoint that was signed.

        Raises LogDamaged naming the place: an alarm, nothing is signed any more until the log is as it was.
        """
        signed = None
        while True:
            more = self._read()
            # Less than nothing has passed when the clock was set back: that must not put off the next checkpoint.
            waited = not 0 <= self._now() - self._signed_at < self._interval_s
            due = self.pending >= self._leaves_max or flush or waited
            if self.pending and due and (not more or self.pending >= _PENDING_MAX):
                signed = self._seal()
            if not more:
                return signed

    def close(self) -> None:
        """Let go of the tree. What is pending is read again at the next start."""
        for stream in self._streams.values():
            stream.reader.close()
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def _read(self) -> bool:
        """Take in the next records of every stream. Returns whether one is far behind; a little more is always to come while it is written."""
        more = False
        names = streams(self.log_dir)
        for name in self._streams.keys() - set(names):
            stream = self._streams[name]
            raise LogDamaged(name, stream.reader.position.segment, stream.reader.position.offset, stream.seq, "a sealed stream is gone")
        for name in names:
            if name not in self._streams:
                self._streams[name] = _Stream(self.log_dir / name)
            more = self._read_stream(self._streams[name]) or more
        return more

    def _read_stream(self, stream: _Stream) -> bool:
        first_seq, count, size = stream.seq + 1, 0, 0
        entries = stream.reader.read(_READ_RECORDS_MAX, _READ_BYTES_MAX)
        for entry in entries:
            try:
                header = decode_header(entry.core)
            except RecordError as error:
                raise LogDamaged(stream.name, *entry.at, stream.seq + 1, str(error)) from error
            if (header.seq, header.prev, header.stream) != (stream.seq + 1, stream.prev, stream.name):
                what = f"record {header.seq} of stream {header.stream} does not follow record {stream.seq}, which has been read before"
                raise LogDamaged(stream.name, *entry.at, stream.seq + 1, what)
            leaf = leaf_hash(entry.core)
            stream.seq, stream.prev = header.seq, leaf.hex()
            self._pending += leaf
            count += 1
            size += len(entry.core) + len(entry.payload)
        if count:
            self._add_run(stream.name, first_seq, count)
        return count == _READ_RECORDS_MAX or size >= _READ_BYTES_MAX

    def _add_run(self, name: str, first_seq: int, count: int) -> None:
        last = self._runs[-1] if self._runs else None
        if last is not None and last.stream == name:
            self._runs[-1] = last._replace(length=last.length + count)
        else:
            first_leaf = last.first_leaf + last.length if last else self._tiles.size
            self._runs.append(Run(first_leaf, name, first_seq, count))

    def _seal(self) -> Checkpoint:
        _append_durable(self.tree_dir / "runs", b"".join(run.line() for run in self._runs))
        self._tiles.append(bytes(self._pending))
        self._tiles.flush()
        heads = (Head(name, one.seq, bytes.fromhex(one.prev)) for name, one in sorted(self._streams.items()) if one.seq)
        moment = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        checkpoint = Checkpoint(origin=self._origin, size=self._tiles.size, root=self._tiles.root(), time=moment, heads=tuple(heads))
        note = sign_note(checkpoint.text(), self._origin, self._key)
        write_durable(self.tree_dir / CHECKPOINT_NAME, note.encode())
        _append_durable(self.tree_dir / HISTORY_NAME, _history_line(checkpoint, note))
        self._runs.clear()
        self._pending.clear()
        self._signed_at = self._now()
        self.checkpoint = checkpoint
        return checkpoint

    def _recover(self) -> TileWriter:
        """Read the newest checkpoint, drop what lies beyond it, and find the place of its heads in the streams."""
        key = key_of(self._origin, self._key)
        if not write_new_file(self.tree_dir / KEY_NAME, f"{key}\n".encode(), 0o644):
            own = (self.tree_dir / KEY_NAME).read_text().strip()
            if own != str(key):
                raise NoteError(f"the tree belongs to the key {own}, not to {key}")
        path = self.tree_dir / CHECKPOINT_NAME
        note = path.read_text() if path.exists() else ""
        self.checkpoint = open_checkpoint(note, key) if note else None
        self._trim_history(note)
        size = self.checkpoint.size if self.checkpoint else 0
        try:
            _trim_runs(self.tree_dir / "runs", size)
            tiles = TileWriter(self.tree_dir / "tile", size)
            if self.checkpoint and tiles.root() != self.checkpoint.root:
                raise TileError("the tiles do not have the root that was signed")
        except TileError as error:
            raise LogDamaged("tree", 0, 0, 0, str(error)) from error
        for head in self.checkpoint.heads if self.checkpoint else ():
            self._streams[head.stream] = self._find_head(head)
        return tiles

    def _trim_history(self, note: str) -> None:
        """End the line of checkpoints with the newest: a crash may have come before it was appended, or in between."""
        path = self.tree_dir / HISTORY_NAME
        data = path.read_bytes() if path.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            _truncate(path, len(whole))
        last = whole[whole.rfind(b"\n", 0, -1) + 1 :]
        last_note = msgspec.json.decode(last, type=HistoryLine).note if last else ""
        if self.checkpoint is None:
            if last:
                raise LogDamaged("tree", 0, 0, 0, "checkpoints have been signed, but the newest is gone")
        elif last_note != note:
            if last and msgspec.json.decode(last, type=HistoryLine).size >= self.checkpoint.size:
                raise LogDamaged("tree", 0, 0, 0, "the newest checkpoint is older than one that was signed")
            _append_durable(path, _history_line(self.checkpoint, note))

    def _find_head(self, head: Head) -> _Stream:
        """Return the stream at the record that was signed last. Raises LogDamaged when it is not there or another one."""
        stream_dir = self.log_dir / head.stream
        stream = _Stream(stream_dir)
        firsts = [first for first in segments(stream_dir) if first <= head.seq] if stream_dir.is_dir() else []
        if not firsts:
            raise LogDamaged(head.stream, 0, 0, head.seq, "the record has been signed, but is not there")
        stream.reader = StreamReader(stream_dir, Position(firsts[-1], 0))
        while entries := stream.reader.read(_READ_RECORDS_MAX, _READ_BYTES_MAX):
            for entry in entries:
                if decode_header(entry.core).seq == head.seq:
                    leaf = leaf_hash(entry.core)
                    if leaf != head.leaf:
                        raise LogDamaged(head.stream, *entry.at, head.seq, "the record is not the one that was signed")
                    stream.reader.close()
                    stream.reader = StreamReader(stream_dir, entry.position)
                    stream.seq, stream.prev = head.seq, leaf.hex()
                    return stream
        place = stream.reader.position
        raise LogDamaged(head.stream, *place, head.seq, "the record has been signed, but is not there")


def _take_lock(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise SealerBusy("another process seals this log") from None
    return fd


def _history_line(checkpoint: Checkpoint, note: str) -> bytes:
    return msgspec.json.encode(HistoryLine(checkpoint.time, checkpoint.size, note)) + b"\n"


def _append_durable(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        write_all(fd, data, os.fstat(fd).st_size)
        os.fsync(fd)
    finally:
        os.close(fd)


def _truncate(path: Path, size: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(fd, size)
        os.fsync(fd)
    finally:
        os.close(fd)


def _trim_runs(path: Path, size: int) -> None:
    """Cut the lines beyond the signed tree. They are at the end, so the file is read backwards from there."""
    data_size = path.stat().st_size if path.exists() else 0
    keep = 0
    with open(path, "rb") if data_size else open(os.devnull, "rb") as file:
        start = max(0, data_size - (1 << 20))
        while data_size:
            file.seek(start)
            block = file.read(data_size - start)
            at = start
            if start:
                skipped = block.find(b"\n") + 1
                at, block = start + skipped, block[skipped:]
            for line in block.splitlines(keepends=True):
                fields = line.split(b" ")
                if not line.endswith(b"\n") or len(fields) != 4 or int(fields[0]) >= size:
                    break
                at += len(line)
                keep = at
            if keep or not start:
                break
            start = max(0, start - (1 << 20))
    if keep != data_size:
        _truncate(path, keep)
