"""The record of a person or group that was created, changed or deleted, whoever did it."""

from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.identity.accounts import PersonChange
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.watching import note_groups
from gatebook.record.body import ConfigChanged
from gatebook.record.parts import Actor
from gatebook.state.changes import Action


class Changed(Struct, frozen=True, kw_only=True):
    """What happened to a person or group, and by whom; `identity` is who that is, for the payload."""

    kind: Literal["Person", "Group"]
    name: str
    action: Action
    version: int
    diff: str
    actor: Actor
    identity: bytes
    reason: str | None = None


async def record_person(
    journal: Journal, connection: Connection, put: PersonChange, revision: int, caller: Principal, reason: str | None = None
) -> None:
    """Put the change on the record, where it is one, and that somebody sees more of the log by it. Raises LogUnavailable."""
    if put.action == "unchanged":
        return
    changed = Changed(
        kind="Person",
        name=put.person.id,
        action=put.action,
        version=put.person.version,
        diff=put.diff,
        actor=caller.actor,
        identity=caller.identity,
        reason=reason,
    )
    await record_changed(journal, changed, revision)
    await note_groups(put, connection, journal, caller, revision)


async def record_changed(journal: Journal, changed: Changed, revision: int) -> None:
    """Put a change on the record. Raises LogUnavailable."""
    assert changed.action != "unchanged"
    body = ConfigChanged(
        kind=changed.kind,
        name=changed.name,
        action=changed.action,
        version=changed.version,
        revision=revision,
        actor=changed.actor,
        reason=changed.reason,
    )
    await journal.record(body, changed.actor.subject, [("identity", changed.identity), ("diff", changed.diff.encode())])
