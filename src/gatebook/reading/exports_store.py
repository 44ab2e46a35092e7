"""Exports on disk: one directory for each, with what is known of it and its file. The file has its name only once it is whole."""

import os
import shutil
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from gatebook.log.disk import sync_directory
from gatebook.reading.exports_forms import FormName

State = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted", "expired"]
UNFINISHED: Final[frozenset[str]] = frozenset({"waiting", "running"})
_NAME: Final = "export.json"


class Export(Struct, frozen=True, kw_only=True):
    """One export: who asked for what, and how far it is."""

    id: Annotated[str, Meta(description="Id of the export.")]
    owner: Annotated[str, Meta(description="Pseudonym of who asked for it; only they may have the file.")]
    shown: Annotated[dict[str, str], Meta(description="What the owner's roles showed when it began: whose calls by group of fields.")] = {}
    subjects: Annotated[
        tuple[str, ...], Meta(description="Pseudonyms of those with most calls in it, for the records of its readings.")
    ] = ()
    text: Annotated[str, Meta(description="The query.")] = ""
    since_us: Annotated[int | None, Meta(description="Calls from then on, microseconds since 1970.")] = None
    until_us: Annotated[int | None, Meta(description="Calls before then, microseconds since 1970.")] = None
    form: Annotated[FormName, Meta(description="Form of the file.")] = "csv"
    payloads: Annotated[bool, Meta(description="Whether arguments and responses are in it.")] = False
    state: Annotated[State, Meta(description="waiting, running, done, failed, cancelled, interrupted (by a restart) or expired.")] = (
        "waiting"
    )
    created_us: Annotated[int, Meta(description="When it was asked for, microseconds since 1970.")] = 0
    finished_us: Annotated[int | None, Meta(description="When it ended.")] = None
    expires_us: Annotated[int | None, Meta(description="When the file will be deleted.")] = None
    rows: Annotated[int, Meta(description="Calls written so far.")] = 0
    rows_total: Annotated[int, Meta(description="Calls that it will hold, counted when it began.")] = 0
    bytes: Annotated[int, Meta(description="Size so far; of the file when it is done.")] = 0
    file: Annotated[str | None, Meta(description="Name of the file.")] = None
    sha256: Annotated[str | None, Meta(description="SHA-256 of the file, hex, when it is done.")] = None
    problem: Annotated[str | None, Meta(description="Why it failed, or what is left out.")] = None
    positions: Annotated[dict[str, int], Meta(description="Last record of each stream that it covers.")] = {}

    @property
    def unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.state in UNFINISHED


_decode = msgspec.json.Decoder(Export).decode


class ExportStore:
    """The directory of all exports. Files are for the owner of the process only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self) -> list[Export]:
        """Read all. Those that a restart interrupted say so, and lose what was written; so does what belongs to none."""
        found: list[Export] = []
        for entry in sorted(self.path.iterdir()):
            try:
                export = _decode((entry / _NAME).read_bytes())
            except (OSError, msgspec.MsgspecError):
                shutil.rmtree(entry, ignore_errors=True)
                continue
            if export.unfinished:
                export = msgspec.structs.replace(export, state="interrupted", problem="Gatebook was stopped meanwhile; start it again.")
                self.save(export)
            if export.state == "done" and not self.file(export).exists():
                export = msgspec.structs.replace(export, state="failed", problem="The file is gone.")
                self.save(export)
            if export.state != "done":
                self.drop_files(export)
            found.append(export)
        return found

    def save(self, export: Export) -> None:
        """Write what is known of an export, whole or not at all. Raises OSError."""
        folder = self.folder(export.id)
        folder.mkdir(exist_ok=True, mode=0o700)
        temporary = folder / f".{_NAME}"
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out:
            out.write(msgspec.json.encode(export))
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(folder / _NAME)
        sync_directory(folder)

    def publish(self, id: str, part: Path, name: str) -> None:
        """Give a whole file its name, durably. Raises OSError."""
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o600)
        part.replace(self.folder(id) / name)
        sync_directory(self.folder(id))

    def drop_files(self, export: Export) -> None:
        """Delete what was written of an export, keep what is known of it."""
        folder = self.folder(export.id)
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name != _NAME:
                entry.unlink(missing_ok=True)

    def remove(self, id: str) -> None:
        """Delete all of an export."""
        shutil.rmtree(self.folder(id), ignore_errors=True)

    def folder(self, id: str) -> Path:
        """Directory of an export."""
        return self.path / id

    def file(self, export: Export) -> Path:
        """The file of an export that is done."""
        return self.folder(export.id) / (export.file or "-")

    def free_bytes(self) -> int:
        """Space left on the disk."""
        return shutil.disk_usage(self.path).free
