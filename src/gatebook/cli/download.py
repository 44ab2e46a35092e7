"""Fetches the file of an export: under another name until it is whole and its hash is right, going on where an earlier try broke off."""

import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

from gatebook.cli import book_access, look
from gatebook.cli.main import Problem
from gatebook.cli.progress import Progress
from gatebook.control.client import KeeperAbsent
from gatebook.settings import Settings

_TRIES: Final = 5
_PAUSE_S: Final = 1.0
_HASH_BYTES: Final = 1 << 20


class Download:
    """One file. `output` None: its own name, in the working directory; `-`: standard output."""

    def __init__(self, settings: Settings, export: dict[str, Any], output: str | None, *, force: bool) -> None:
        self._settings = settings
        self._path = f"/exports/{export['id']}/file"
        self._sha256 = str(export["sha256"])
        self._size = int(export["bytes"])
        self._plain = output == "-"
        self._target = Path(output if output not in (None, "-") else Path(export["file"]).name)
        if not self._plain and self._target.exists() and not force:
            raise Problem(
                f"{self._target} is there already; --force writes over it, and `gatebook export --fetch {export['id']}` fetches this one",
                exit_code=2,
            )
        # The hash in the name: what is there of another file is never gone on with.
        self._part = self._target.with_name(f".{self._target.name}.{self._sha256[:16]}.part")
        self._progress = Progress(sys.stderr)

    def run(self) -> Path | None:
        """Fetch it; returns where it is. Raises Problem, Refused, OSError."""
        if self._plain:
            self._to_output()
            return None
        try:
            for tries_left in reversed(range(_TRIES)):
                try:
                    self._on()
                    break
                except KeeperAbsent as error:
                    if not tries_left:
                        raise Problem(f"{error}; what is here is kept, run `gatebook export --fetch` again to go on") from None
                    time.sleep(_PAUSE_S)
        finally:
            self._progress.end()
        if _digest(self._part) != self._sha256:
            self._part.unlink(missing_ok=True)
            raise Problem("what came is not the file that was made: its SHA-256 differs; fetch it again")
        self._part.replace(self._target)
        return self._target

    def _on(self) -> None:
        """Go on behind what is here already."""
        have = self._part.stat().st_size if self._part.exists() else 0
        if have == self._size:
            return
        start = have if have < self._size else 0
        pieces = book_access.pieces(self._settings, self._path, start, f'"{self._sha256}"')
        fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as out:
            first = next(pieces, b"")
            # An empty first piece says that the answer goes on at `start`.
            at = start if start and not first else 0
            out.truncate(at)
            out.seek(at)
            out.write(first)
            at += len(first)
            for piece in pieces:
                out.write(piece)
                at += len(piece)
                self._progress.show(at, self._size, f"fetching {look.size(at)} of {look.size(self._size)}")
            out.flush()
            os.fsync(out.fileno())

    def _to_output(self) -> None:
        digest = hashlib.sha256()
        try:
            for piece in book_access.pieces(self._settings, self._path, 0, ""):
                digest.update(piece)
                sys.stdout.buffer.write(piece)
        except KeeperAbsent as error:
            raise Problem(str(error)) from None
        sys.stdout.buffer.flush()
        if digest.hexdigest() != self._sha256:
            raise Problem("what came is not the file that was made: its SHA-256 differs")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(_HASH_BYTES):
            digest.update(data)
    return digest.hexdigest()
