"""The record of a person who was created or changed."""

from sqlalchemy import Connection

from gatebook.identity.accounts import PersonChange
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.watching import note_groups
from gatebook.record.body import ConfigChanged


async def record_person(
    journal: Journal, connection: Connection, put: PersonChange, revision: int, caller: Principal, reason: str | None = None
) -> None:
    """Put the change on the record, where it is one, and that somebody sees more of the log by it. Raises LogUnavailable."""
    if put.action == "unchanged":
        return
    body = ConfigChanged(
        kind="Person",
        name=put.person.id,
        action=put.action,
        version=put.person.version,
        revision=revision,
        actor=caller.actor,
        reason=reason,
    )
    await journal.record(body, caller.subject, [("identity", caller.identity), ("diff", put.diff.encode())])
    await note_groups(put, connection, journal, caller, revision)
