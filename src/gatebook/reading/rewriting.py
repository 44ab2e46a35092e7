"""Edits that are made of what is stored: another mode, an earlier version."""

from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.reading.rule_facts import ChangeRefused, Listed, Mode
from gatebook.state import changes
from gatebook.state.documents import parse_documents
from gatebook.state.editing import Wanted


def with_mode(connection: Connection, kind: Listed, name: str, mode: Mode) -> Wanted:
    """The resource as it is stored, in another mode. Raises ChangeRefused when there is none."""
    stored = changes.newest(connection, kind, name)
    if stored is None or stored.deleted:
        raise ChangeRefused("unknown", f"there is no {kind} {name}")
    (document,) = parse_documents(stored.yaml, f"{kind}/{name}")
    return Wanted(documents=(replace(document, spec=replace(document.spec, mode=mode)),))


def rolled_back(connection: Connection, kind: str, name: str, version: int) -> Wanted:
    """The resource as an earlier version had it; its deletion, where that version was one.

    Raises ChangeRefused when there is no such version, or it was deleted already; DocumentError when that version cannot be read any more.
    """
    stored = changes.versions(connection, kind, name)
    found = next((one for one in stored if one.version == version), None)
    if found is None:
        raise ChangeRefused("unknown", f"there is no version {version} of {kind} {name}")
    if not found.deleted:
        return Wanted(documents=tuple(parse_documents(found.yaml, f"{kind}/{name} version {version}")))
    if stored[0].deleted:
        raise ChangeRefused("state", f"{kind} {name} is deleted already")
    return Wanted(deletions=((kind, name),))
