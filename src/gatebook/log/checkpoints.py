"""The checkpoints that a log keeps of itself: the newest, and the line of all that were signed."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gatebook.log.note import Checkpoint, NoteError, VerifierKey, open_checkpoint, parse_checkpoint, parse_key, split_note
from gatebook.log.report import Finding, Findings

CHECKPOINT_NAME = "checkpoint"
HISTORY_NAME = "checkpoints.ndjson"
KEY_NAME = "key.pub"


class HistoryLine(msgspec.Struct):
    """One line of `checkpoints.ndjson`."""

    time: str
    size: int
    note: str


_decode_line = msgspec.json.Decoder(HistoryLine).decode


class LocalCheckpoints:
    """What `tree/` says about itself. `newest` is the largest checkpoint, also when its signature is wrong: it says how far tiles and runs go."""

    def __init__(self) -> None:
        self.newest: Checkpoint | None = None
        self.newest_note = ""
        self.count = 0
        self.forged: int | None = None
        self._sizes: array[int] = array("Q")
        self._roots = bytearray()

    @property
    def sizes(self) -> "array[int]":
        """Sizes of the checkpoints that the key has signed, ascending."""
        return self._sizes

    def root_of(self, index: int) -> bytes:
        """Return the signed root of the checkpoint at this place in `sizes`."""
        return bytes(self._roots[index * 32 : index * 32 + 32])

    def add(self, note: str, key: VerifierKey | None, findings: Findings) -> None:
        """Take a checkpoint in; they come in ascending order."""
        checkpoint, problem = open_any(note, key)
        if checkpoint is None:
            findings.add(Finding(kind="checkpoint", message=f"a checkpoint of the log cannot be read: {problem}"))
            return
        self.count += 1
        if problem:
            if self.forged is None:
                self.forged = checkpoint.size
                findings.add(Finding(kind="signature", message=f"checkpoint at {checkpoint.size} leaves: {problem}"))
        elif self._sizes and checkpoint.size <= self._sizes[-1]:
            if checkpoint.size < self._sizes[-1] or checkpoint.root != self.root_of(len(self._sizes) - 1):
                findings.add(
                    Finding(kind="checkpoint", message=f"checkpoints at {self._sizes[-1]} and {checkpoint.size} leaves contradict")
                )
        else:
            self._sizes.append(checkpoint.size)
            self._roots += checkpoint.root
        if self.newest is None or checkpoint.size >= self.newest.size:
            self.newest, self.newest_note = checkpoint, note


def open_any(note: str, key: VerifierKey | None) -> tuple[Checkpoint | None, str]:
    """Return the checkpoint in a note and what is wrong with its signature, or None and why it cannot be read."""
    try:
        checkpoint = parse_checkpoint(split_note(note)[0])
    except NoteError as error:
        return None, str(error)
    if key is None:
        return checkpoint, "there is no key to check it with"
    try:
        open_checkpoint(note, key)
    except NoteError as error:
        return checkpoint, str(error)
    return checkpoint, ""


def load_checkpoints(tree_dir: Path, key: VerifierKey | None, findings: Findings) -> LocalCheckpoints:
    """Read and check all checkpoints in `tree/`."""
    local = LocalCheckpoints()
    # The history first: a sealer at work writes the newest checkpoint before its line.
    for line in _history(tree_dir / HISTORY_NAME):
        try:
            note = _decode_line(line).note
        except msgspec.MsgspecError:
            findings.add(Finding(kind="checkpoint", message=f"a line of {HISTORY_NAME} is malformed"))
            continue
        local.add(note, key, findings)
    newest = tree_dir / CHECKPOINT_NAME
    newest_note = newest.read_text(errors="replace") if newest.exists() else ""
    if newest_note and newest_note != local.newest_note:
        checkpoint, _ = open_any(newest_note, None)
        before = local.newest.size if local.newest else 0
        if checkpoint is not None and checkpoint.size < before:
            message = f"the newest checkpoint has {checkpoint.size} leaves, but one with {before} was signed before"
            findings.add(Finding(kind="rollback", message=message))
        else:
            local.add(newest_note, key, findings)
    elif not newest_note and local.newest is not None:
        findings.add(Finding(kind="rollback", message="the newest checkpoint is missing"))
    return local


def find_checkpoint(tree_dir: Path, size: int) -> Checkpoint | None:
    """Return the checkpoint of this size that the log keeps, whoever signed it."""
    for line in _history(tree_dir / HISTORY_NAME):
        try:
            checkpoint, _ = open_any(_decode_line(line).note, None)
        except msgspec.MsgspecError:
            continue
        if checkpoint is not None and checkpoint.size == size:
            return checkpoint
    newest = tree_dir / CHECKPOINT_NAME
    checkpoint = open_any(newest.read_text(errors="replace"), None)[0] if newest.exists() else None
    return checkpoint if checkpoint is not None and checkpoint.size == size else None


def load_key(tree_dir: Path) -> VerifierKey | None:
    """Return the key that the log names itself; None when there is none that can be read."""
    try:
        return parse_key((tree_dir / KEY_NAME).read_text())
    except (FileNotFoundError, UnicodeDecodeError, NoteError):
        return None


def _history(path: Path) -> Iterator[bytes]:
    """Give the lines; one that is not finished is of a sealer at work, or of one that died: its checkpoint is in the file of its own."""
    if not path.exists():
        return
    with open(path, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
