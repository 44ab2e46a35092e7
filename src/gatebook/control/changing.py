"""Changes to what is governed. Each is one transaction, and on the record before it is in force.

Where the document of kind Governance asks for a second person, a change waits as a proposal until another administrator approves it. Whether it
asks is read from what is stored before the change, so that asking no longer takes two people as well.
"""

import secrets
from typing import TYPE_CHECKING

import yaml
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.identity.directory import Principal
from gatebook.identity.watching import note_roles
from gatebook.reading.decisions import one_line
from gatebook.reading.rule_changes import Applied, Terms
from gatebook.reading.rule_facts import ChangeRefused, Decision
from gatebook.record.body import ConfigChanged
from gatebook.record.parts import Actor
from gatebook.state import changes, editing
from gatebook.state.changes import Author, unified
from gatebook.state.documents import parse_documents
from gatebook.state.editing import Looked, Wanted
from gatebook.state.proposals import Proposed, find_proposal, put_proposal
from gatebook.state.revision import read_revision
from gatebook.state.store import bump

if TYPE_CHECKING:
    from gatebook.control.desk import Desk

PROPOSAL = "ChangeProposal"


class _Signed(Struct, frozen=True, kw_only=True):
    """What the records of a change say beside what changed. `author` is the name that is kept with each version."""

    author: str
    reason: str | None
    kept_reason: str | None
    proposal: str | None = None
    proposer: Actor | None = None
    alone: bool = False


class Changing:
    """Makes changes through the desk. All methods raise DocumentError, ChangeRefused, StateError, LogUnavailable: then nothing has changed."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    async def make(self, wanted: Wanted, caller: Principal, terms: Terms) -> Applied:
        """Create, change and delete resources, all or none; or have it wait for a second person."""
        async with self._desk.deciding() as connection:
            looked = editing.look(connection, wanted)
            _check_still(looked)
            warnings = looked.check()
            waits = looked.needs_second and not _alone(terms, caller)
            done = Applied(
                changes=looked.planned, revision=read_revision(connection), dry_run=terms.dry_run, warnings=warnings, needs_second=waits
            )
            if terms.dry_run or not looked.effective:
                return done
            if waits:
                return replace(done, proposal=await self._propose(connection, looked, caller, terms.reason or ""))
            signed = _Signed(author=caller.person, reason=terms.reason, kept_reason=terms.reason, alone=looked.needs_second)
            return replace(done, revision=await self._commit(connection, looked, caller, signed))

    async def decide(self, id: str, decision: Decision, reason: str, caller: Principal) -> Applied | None:
        """Approve, decline or withdraw a proposal; returns what was applied, None otherwise. Declining and withdrawing need a reason."""
        async with self._desk.deciding() as connection:
            proposed = _open(find_proposal(connection, id), id)
            _check_person(proposed, decision, caller)
            text = one_line(reason)
            if decision != "applied" and not text:
                raise ChangeRefused("state", "a reason is needed")
            after = replace(
                proposed, state=decision, decided_by=caller.person, decided_us=self._desk.clock.wall_us(), decision_reason=text or None
            )
            if decision != "applied":
                put_proposal(connection, after)
                await self._record(connection, proposed, after, caller, bump(connection))
                return None
            wanted = Wanted(documents=tuple(parse_documents(proposed.text, id)), deletions=proposed.deletions, bases=proposed.bases)
            looked = editing.look(connection, wanted)
            _check_still(looked)
            warnings = looked.check()
            put_proposal(connection, after)
            await self._record(connection, proposed, after, caller, read_revision(connection) + 1)
            revision = await self._commit(connection, looked, caller, _signed_by_two(proposed, after))
            return Applied(changes=looked.planned, revision=revision, dry_run=False, warnings=warnings)

    async def _propose(self, connection: Connection, looked: Looked, caller: Principal, reason: str) -> str:
        proposed = Proposed(
            id=f"chg_{secrets.token_hex(6)}",
            changes=tuple(looked.effective),
            author=caller.person,
            actor=caller.actor,
            reason=one_line(reason),
            asked_us=self._desk.clock.wall_us(),
        )
        put_proposal(connection, proposed)
        await self._record(connection, None, proposed, caller, bump(connection))
        return proposed.id

    async def _commit(self, connection: Connection, looked: Looked, caller: Principal, signed: _Signed) -> int:
        """Store and record all that changes something; returns the new revision."""
        author = Author(name=signed.author, at_us=self._desk.clock.wall_us(), reason=signed.kept_reason)
        for change in looked.effective:
            changes.write(connection, change, author)
        revision = bump(connection)
        for change in looked.effective:
            assert change.action != "unchanged"
            body = ConfigChanged(
                kind=change.kind,
                name=change.name,
                action=change.action,
                version=change.version,
                revision=revision,
                actor=caller.actor,
                reason=signed.reason,
                proposal=signed.proposal,
                proposer=signed.proposer,
                alone=signed.alone,
            )
            await self._desk.record(body, caller, change.diff)
        await note_roles(looked, self._desk.journal, caller, revision)
        return revision

    async def _record(self, connection: Connection, before: Proposed | None, after: Proposed, caller: Principal, revision: int) -> None:
        diff = unified("" if before is None else _yaml(before), _yaml(after), f"{PROPOSAL}/{after.id}")
        if before is None:
            diff += "".join(change.diff for change in after.changes)
        body = ConfigChanged(
            kind=PROPOSAL,
            name=after.id,
            action="created" if before is None else "changed",
            version=1 if before is None else 2,
            revision=revision,
            actor=caller.actor,
            reason=(after.reason if before is None else after.decision_reason) or None,
            proposal=after.id,
            proposer=after.actor,
        )
        await self._desk.record(body, caller, diff)


def _check_still(looked: Looked) -> None:
    if looked.moved:
        names = ", ".join(place.replace("/", " ") for place in looked.moved)
        raise ChangeRefused("moved", f"somebody else has changed {names} meanwhile; look at it again")


def _alone(terms: Terms, caller: Principal) -> bool:
    if not terms.alone:
        return False
    if caller.auth != "socket":
        raise ChangeRefused("state", "only the local administrator, on the machine itself, changes something alone")
    if not one_line(terms.reason or ""):
        raise ChangeRefused("state", "a change that is made alone needs a reason")
    return True


def _open(proposed: Proposed | None, id: str) -> Proposed:
    if proposed is None:
        raise ChangeRefused("unknown", f"there is no proposal {id[:40]!r}")
    if proposed.state != "open":
        raise ChangeRefused("state", f"the proposal was {proposed.state} already, by {proposed.decided_by}")
    return proposed


def _check_person(proposed: Proposed, decision: Decision, caller: Principal) -> None:
    own = caller.person == proposed.author or caller.subject == proposed.actor.subject
    if own and decision == "applied":
        raise ChangeRefused("own", "nobody approves a change of their own; another administrator has to")
    if own and decision == "declined":
        raise ChangeRefused("own", "a proposal of one's own is withdrawn, not declined")
    if not own and decision == "withdrawn":
        raise ChangeRefused("own", f"only {proposed.author} withdraws this proposal; it can be declined")


def _signed_by_two(proposed: Proposed, after: Proposed) -> _Signed:
    """Names stay out of the record's own fields: there people are pseudonyms."""
    given = "; ".join(f"{who}: {why}" for who, why in (("proposed", proposed.reason), ("approved", after.decision_reason)) if why)
    why = f": {after.decision_reason}" if after.decision_reason else ""
    kept = f"{proposed.reason} (approved by {after.decided_by}{why})".strip()
    return _Signed(author=proposed.author, reason=given or None, kept_reason=kept, proposal=proposed.id, proposer=proposed.actor)


def _yaml(proposed: Proposed) -> str:
    shown = {
        "state": proposed.state,
        "author": proposed.author,
        "reason": proposed.reason or None,
        "decided_by": proposed.decided_by,
        "decision_reason": proposed.decision_reason,
        "changes": [f"{change.kind}/{change.name} {change.action}, version {change.version}" for change in proposed.changes],
    }
    held = {name: value for name, value in shown.items() if value is not None}
    return str(yaml.safe_dump(held, sort_keys=False, allow_unicode=True, width=1000))
