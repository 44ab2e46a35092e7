"""Edits that are made of what is stored: another mode, an earlier version."""

from typing import Literal

from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.state import changes
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.editing import Wanted


def with_mode(connection: Connection, kind: Literal["Policy", "Guardrail"], name: str, mode: Literal["enforce", "observe"]) -> Wanted:
    """The resource as it is stored, in another mode. Raises DocumentError when there is none."""
    stored = changes.newest(connection, kind, name)
    if stored is None or stored.deleted:
        raise DocumentError([f"there is no {kind} {name}"])
    (document,) = parse_documents(stored.yaml, f"{kind}/{name}")
    return Wanted(documents=(replace(document, spec=replace(document.spec, mode=mode)),))


def rolled_back(connection: Connection, kind: str, name: str, version: int) -> Wanted:
    """The resource as an earlier version had it; its deletion, where that version was one. Raises DocumentError when there is no such version."""
    found = next((one for one in changes.versions(connection, kind, name) if one.version == version), None)
    if found is None:
        raise DocumentError([f"there is no version {version} of {kind} {name}"])
    if found.deleted:
        return Wanted(deletions=((kind, name),))
    return Wanted(documents=tuple(parse_documents(found.yaml, f"{kind}/{name} version {version}")))
