"""Which database of the engine is the index now. A rebuild fills a new one beside it and then writes this file: one rename is the switch."""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

_NAME: Final = "generation.json"
_REQUEST: Final = "rebuild.request"


class Generation(Struct, frozen=True, kw_only=True):
    """Number of a build, the version of its schema, and of the engine that began it."""

    schema: int
    number: int
    engine: str = ""

    @property
    def database(self) -> str:
        """Name of its database."""
        return f"g{self.number:06d}"

    def fits(self, schema: int, engine: str) -> bool:
        """Say whether an engine can go on with it: the schema is the same, and no newer engine has written files that an older one cannot read."""
        return self.schema == schema and _numbers(self.engine) <= _numbers(engine)


def read_generation(path: Path) -> Generation | None:
    """Return the generation in force; None when there is none, or when the file is damaged, which means the same: build anew."""
    try:
        return msgspec.json.decode((path / _NAME).read_bytes(), type=Generation)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write_generation(path: Path, generation: Generation) -> None:
    """Put a generation in force."""
    replace_file(path / _NAME, msgspec.json.encode(generation))


def replace_file(path: Path, data: bytes) -> None:
    """Write a small file so that a crash leaves the old or the new one."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def request_rebuild(path: Path) -> None:
    """Ask whoever follows the log into this index to build it anew. A file does, because who may write here may do so."""
    replace_file(path / _REQUEST, b"")


def rebuild_requested(path: Path) -> bool:
    """Say whether a rebuild has been asked for and not been finished."""
    return (path / _REQUEST).exists()


def withdraw_rebuild(path: Path) -> None:
    """Note that the rebuild is done."""
    (path / _REQUEST).unlink(missing_ok=True)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
