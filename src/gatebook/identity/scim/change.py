"""One operation of the directory while it is under way: what it changes, whom it cuts off, and what has to be on the record before it is committed."""

from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.identity.cut_off import Cause, CutOff, Severed
from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.person_records import Changed, record_changed
from gatebook.log.clock import Clock
from gatebook.record.parts import Actor
from gatebook.state.changes import Action
from gatebook.state.feed import note_people
from gatebook.state.store import bump


class Requester(Struct, frozen=True, kw_only=True):
    """The directory that asks, by one of its tokens. `name` is that of the token, for people."""

    actor: Actor
    name: str
    identity: bytes


class Change:
    """A transaction of the directory. `now_us` is its time, microseconds since 1970."""

    def __init__(self, connection: Connection, journal: Journal, cutting: Cutting, requester: Requester) -> None:
        self.connection = connection
        self.now_us = journal.clock.wall_us()
        self.severed: list[Severed] = []
        self.lowered = False
        """Whether somebody may do less afterwards: then the answer waits for the workers."""
        self._journal = journal
        self._cutting = cutting
        self._requester = requester
        self._people: dict[str, None] = {}
        self._changed: list[Changed] = []

    @property
    def clock(self) -> Clock:
        """The clock of all changes."""
        return self._journal.clock

    def touch(self, *people: str) -> None:
        """These people have changed, or are in other groups."""
        self._people.update(dict.fromkeys(people))

    async def cut(self, person: str, cause: Cause, id: str) -> None:
        """End all that a person has. Raises LogUnavailable."""
        order = CutOff(id=id, person=person, cause=cause, by=self._requester.name)
        self.severed.append(await self._cutting.within(self.connection, order, self._requester.actor))

    def person_changed(self, id: str, action: Action, version: int, diff: str) -> None:
        """Have it on the record that a person was created, changed or deleted."""
        self.touch(id)
        self._note("Person", id, action, version, diff)

    def group_changed(self, name: str, action: Action, version: int, diff: str) -> None:
        """Have it on the record that a group was created, changed or deleted."""
        self._note("Group", name, action, version, diff)

    async def finish(self) -> int | None:
        """Count the change and put it on the record; returns the revision, None when nothing has changed. Raises LogUnavailable."""
        if not self._changed:
            return None
        note_people(self.connection, self._people)
        revision = bump(self.connection)
        for changed in self._changed:
            await record_changed(self._journal, changed, revision)
        return revision

    def _note(self, kind: Literal["Person", "Group"], name: str, action: Action, version: int, diff: str) -> None:
        by = self._requester
        one = Changed(kind=kind, name=name, action=action, version=version, diff=diff, actor=by.actor, identity=by.identity)
        self._changed.append(one)
