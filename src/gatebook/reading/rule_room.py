"""Policies, guardrails and what belongs to them, for people: who may look, what stands there and how often it applied, its history, and changes to it.

A change goes the way of `gatebook apply`: the same validation, one record each. Where the company asks for a second person, it waits for one.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.index import EngineError
from gatebook.reading import proposed, rewriting
from gatebook.reading.rights import NotForYou, check_administrator, check_reader
from gatebook.reading.room import ReadingRoom, TooSlow
from gatebook.reading.rule_activity import NONE, hits
from gatebook.reading.rule_changes import Applied, Changer, Terms
from gatebook.reading.rule_facts import (
    Checked,
    Decision,
    Edit,
    EditedChange,
    Hits,
    Kind,
    Listed,
    Made,
    Mode,
    Proposal,
    Resource,
    RuleFacts,
)
from gatebook.reading.rule_list import read_facts, read_resource
from gatebook.reading.viewer import Viewer
from gatebook.state.changes import Change
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.editing import Looked, Wanted, look
from gatebook.state.proposals import find_proposal, read_proposals
from gatebook.state.store import Store

SOURCE: Final = "text"
"""What stands in place of a file in problems: `text:3: Policy no-exports: spec.effect: ...`."""
_READERS: Final = "what is governed is for those who see the metadata of all calls"
_CHANGERS: Final = "only members of the group admins change what is governed"
_logger = logging.getLogger(__name__)
_T = TypeVar("_T")


class RuleRoom:
    """What faces read and change. All methods raise NotForYou, StateError, LogUnavailable; changes also DocumentError and ChangeRefused."""

    def __init__(self, room: ReadingRoom, store: Store, changer: Changer) -> None:
        self._room = room
        self._store = store
        self._changer = changer

    async def rules(self, viewer: Viewer, kind: Listed) -> list[RuleFacts]:
        """All policies or all guardrails, in the order of evaluation."""
        found = await self._read(viewer, lambda connection: read_facts(connection, kind))
        counted = await self._hits(viewer) if found else None
        return [replace(fact, hits=_of(counted, fact)) for fact in found]

    async def resource(self, viewer: Viewer, kind: Kind, name: str) -> Resource | None:
        """One resource with its versions, also one that was deleted; None when there never was one."""
        found = await self._read(viewer, lambda connection: read_resource(connection, kind, name))
        if found is None or found.facts is None:
            return found
        return replace(found, facts=replace(found.facts, hits=_of(await self._hits(viewer), found.facts)))

    async def check(self, viewer: Viewer, edit: Edit) -> Checked:
        """What would come of an edit, with the tests of policies. Changes nothing; what is wrong is in the answer, not raised."""
        return await self._read(viewer, lambda connection: _checked(connection, edit))

    async def change(self, viewer: Viewer, edit: Edit) -> Made:
        """Make an edit, all of it or nothing."""
        check_administrator(viewer, _CHANGERS)
        wanted = await asyncio.to_thread(_wanted, edit)
        return _made(await self._changer.make(wanted, viewer.principal, Terms(reason=edit.reason or None)))

    async def set_mode(self, viewer: Viewer, kind: Listed, name: str, mode: Mode, reason: str, base: int) -> Made:
        """Put a policy or guardrail into another mode; nothing else of it changes."""
        check_administrator(viewer, _CHANGERS)
        wanted = await self._read(viewer, lambda connection: rewriting.with_mode(connection, kind, name, mode))
        return await self._rewrite(viewer, replace(wanted, bases={f"{kind}/{name}": base}), reason)

    async def roll_back(self, viewer: Viewer, kind: Kind, name: str, version: int, reason: str, base: int) -> Made:
        """Make an earlier version the newest one; one that was a deletion deletes."""
        check_administrator(viewer, _CHANGERS)
        wanted = await self._read(viewer, lambda connection: rewriting.rolled_back(connection, kind, name, version))
        return await self._rewrite(viewer, replace(wanted, bases={f"{kind}/{name}": base}), reason)

    async def proposals(self, viewer: Viewer) -> list[Proposal]:
        """Changes that wait for a second person, or did, newest first."""

        def read(connection: Connection) -> list[Proposal]:
            return [proposed.facts(connection, one, viewer) for one in read_proposals(connection)]

        return await self._read(viewer, read)

    async def proposal(self, viewer: Viewer, id: str) -> Proposal | None:
        """One of them; None when there is none."""

        def read(connection: Connection) -> Proposal | None:
            found = find_proposal(connection, id)
            return None if found is None else proposed.facts(connection, found, viewer)

        return await self._read(viewer, read)

    async def decide(self, viewer: Viewer, id: str, decision: Decision, reason: str) -> Made | None:
        """Approve, decline or withdraw one; returns what was applied, None otherwise."""
        check_administrator(viewer, _CHANGERS)
        done = await self._changer.decide(id, decision, reason, viewer.principal)
        return None if done is None else _made(done)

    async def _rewrite(self, viewer: Viewer, wanted: Wanted, reason: str) -> Made:
        return _made(await self._changer.make(wanted, viewer.principal, Terms(reason=reason or None)))

    async def _hits(self, viewer: Viewer) -> dict[str, Hits] | None:
        try:
            return await hits(self._room, viewer)
        except NotForYou:
            return None
        except (EngineError, TooSlow) as error:
            _logger.warning("hits of policies could not be counted: %s", error)
            return None

    async def _read(self, viewer: Viewer, work: Callable[[Connection], _T]) -> _T:
        check_reader(viewer, _READERS)

        def read() -> _T:
            with self._store.read() as connection:
                return work(connection)

        return await asyncio.to_thread(read)


def _wanted(edit: Edit) -> Wanted:
    documents = tuple(parse_documents(edit.text, SOURCE))
    if not documents and not edit.deletions:
        raise DocumentError(["there is nothing in it: no resource to apply, and none to delete"])
    return Wanted(documents=documents, deletions=edit.deletions, bases=edit.bases)


def _checked(connection: Connection, edit: Edit) -> Checked:
    looked: Looked | None = None
    warnings: list[str] = []
    try:
        looked = look(connection, _wanted(edit))
        warnings = looked.check()
        problems = [f"{place.replace('/', ' ')} was changed by somebody else meanwhile; look at it again" for place in looked.moved]
    except DocumentError as error:
        problems = error.problems
    return Checked(
        problems=tuple(problems),
        warnings=tuple(warnings),
        changes=tuple(_edited(looked.planned)) if looked else (),
        tests=looked.draft.tests_run if looked else 0,
        needs_second=looked.needs_second if looked else False,
    )


def _made(done: Applied) -> Made:
    return Made(applied=done.proposal is None, proposal=done.proposal, changes=tuple(_edited(done.changes)), warnings=tuple(done.warnings))


def _edited(planned: list[Change]) -> list[EditedChange]:
    return [proposed.edited(change) for change in planned]


def _of(counted: dict[str, Hits] | None, fact: RuleFacts) -> Hits | None:
    return None if counted is None else counted.get(fact.name, NONE)
