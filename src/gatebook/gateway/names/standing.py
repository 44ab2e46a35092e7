"""Whether names can be looked for: a small file of each worker, which the keeper reads for `gatebook status`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

State = Literal["off", "starting", "ready", "failed"]


class Known(Struct, frozen=True, omit_defaults=True):
    """How it stands in one worker. `reason`: why it failed, one sentence for the operator."""

    state: State
    reason: str = ""


class Standing:
    """The file of one worker."""

    def __init__(self, directory: Path, slot: int) -> None:
        self._path = directory / f"names-w{slot}.json"
        self.set("off")

    def set(self, state: State, reason: str = "") -> None:
        """Write how it stands; where names are not looked for there is no file."""
        if state == "off":
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self._path.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(Known(state, reason)))
        beside.replace(self._path)


def standing(directory: Path) -> str | None:
    """Say in words how it stands over all workers of a node, `failed: ` and the reason first; None where names are not looked for."""
    known = list(_read(directory))
    failed = next((one for one in known if one.state == "failed"), None)
    if failed is not None:
        return f"failed: {failed.reason}"
    return "starting" if any(one.state == "starting" for one in known) else "ready" if known else None


def _read(directory: Path) -> Iterator[Known]:
    for path in sorted(directory.glob("names-w*.json")):
        try:
            yield msgspec.json.decode(path.read_bytes(), type=Known)
        except (OSError, msgspec.DecodeError):
            continue  # another one is being written
