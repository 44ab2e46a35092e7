"""Calls that wait for an approval and requests for access, as the faces show and decide them: scope first, then what the log says, then the desk.

What waits is found in the index and read from the log; only decisions are kept in state. Reading arguments is on the record.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.identity.accounts import find_person
from gatebook.identity.approvers import approvers_of, decides_about, in_person, is_administrator, is_named_for
from gatebook.index import CallRow
from gatebook.policy.access import DEFAULT_DENY
from gatebook.query import parse, resolve
from gatebook.query.writing import term
from gatebook.reading.asked import AskedCall, asked_call
from gatebook.reading.decisions import DAYS_BACK, ApproveOrder, Decider, DecisionRefused, GrantOrder
from gatebook.reading.room import BUDGET_S, Question, ReadingRoom
from gatebook.reading.viewer import Viewer
from gatebook.state import approvals
from gatebook.state.approvals import AccessRequest, Approval
from gatebook.state.snapshot import Rules, read_rules
from gatebook.state.store import Store

LOOKED_MAX: Final = 200
SHOWN_DECIDED_MAX: Final = 50
_DAY_US: Final = 86_400_000_000
_WAITING: Final = "decision:pending method:tools/call"
_NO_CALL: Final = "There is no such call, or it is not one that you may see; a new one can be found after a moment."
_NO_REQUEST: Final = "There is no such request, or it is not one that you may see."
_HIDDEN: Final = "Hidden from your role. Who is named as an approver of the policy sees them, and who has a role that shows arguments."
_T = TypeVar("_T")


class WaitingCall(Struct, frozen=True, kw_only=True):
    """A call that waits or waited. `repeats`: how often an equal one was made beside it. `in_book`: whether the viewer may open the call itself."""

    call: AskedCall
    state: Literal["waiting", "approved", "declined", "too_old"]
    decision: Approval | None
    own: bool
    may_decide: bool
    approvers: tuple[str, ...]
    in_book: bool
    repeats: int = 0


class Access(Struct, frozen=True, kw_only=True):
    """A request for access, and what the viewer may do about it. `over`: it was granted, and the time has passed."""

    request: AccessRequest
    own: bool
    may_decide: bool
    may_withdraw: bool
    over: bool
    in_book: bool


class Denied(Struct, frozen=True, kw_only=True):
    """A refused call that somebody may ask about; `access` is the request about it, where there is one. `may_ask`: the viewer may."""

    call: AskedCall
    access: Access | None
    may_ask: bool
    own: bool
    in_book: bool


class Requests:
    """What people ask of other people. `key` is that of the digests of arguments."""

    def __init__(self, room: ReadingRoom, store: Store, decider: Decider, key: bytes) -> None:
        self._room = room
        self._store = store
        self._decider = decider
        self._key = key

    async def hours_max(self) -> int:
        """Longest time for which something can be granted."""
        return (await self._read(read_rules)).governance.grant_hours_max

    async def names(self, people: Iterable[str]) -> dict[str, str]:
        """The names of people by id, where they have one."""
        wanted = set(people)
        found = await self._read(lambda connection: [find_person(connection, id) for id in wanted])
        return {person.id: person.name for person in found if person is not None and person.name}

    async def waiting(self, viewer: Viewer) -> list[WaitingCall]:
        """The calls of the last days that wait: those that the viewer may decide about, and their own; newest first, equal ones as one.

        Raises as `ReadingRoom.rows` and `show` do.
        """
        question = Question(text=_WAITING, since_us=self._room.clock.wall_us() - DAYS_BACK * _DAY_US)
        rules = await self._read(read_rules)
        calls = await self._calls(await self._mine(viewer, rules, question))
        found: dict[tuple[str, ...], WaitingCall] = {}
        for one in await self._seen(viewer, rules, [call for call in calls if call.waits]):
            call = one.call
            # Whether hidden arguments are equal would tell of them.
            same = (call.person, call.connector, call.tool, (call.digest if call.arguments is not None else "") or call.call)
            if one.state == "waiting" and same in found:
                found[same] = replace(found[same], repeats=found[same].repeats + 1)
            elif one.state == "waiting":
                found[same] = one
        if found:
            whose = {one.call.subject for one in found.values()}
            await self._room.note(viewer, "search", question.words(), payloads=True, rows=len(found), subjects=whose)
        return list(found.values())

    async def _mine(self, viewer: Viewer, rules: Rules, question: Question) -> list[CallRow]:
        """Calls that wait: the viewer's own, and those that they decide about, each looked for apart: calls of others leave them all the room."""
        who, now_us, index = viewer.principal, self._room.clock.wall_us(), self._room.index
        wanted = [term("subject", viewer.subject)]
        named = [term("rule", name) for name in rules.policies if decides_about(who, rules, (name,))]
        if _decides_all(viewer, rules) or named:
            wanted.append("" if _decides_all(viewer, rules) else f"({' OR '.join(named)})")
        found: dict[str, CallRow] = {}
        for more in wanted:
            query = resolve(parse(f"{question.words()} {more}"), now_us)
            search = partial(index.search, query, limit=LOOKED_MAX, timeout_s=BUDGET_S)
            found |= {row.call_id: row for row in (await self._room.ask(search)).rows}
        mine = [row for row in found.values() if row.subject == viewer.subject or decides_about(who, rules, row.rules[:1])]
        return sorted(mine, key=lambda row: (row.time, row.call_id), reverse=True)[:LOOKED_MAX]

    async def decided(self, viewer: Viewer) -> list[Approval]:
        """The last decisions about calls: all for who decides about all or sees who called and what was decided, else those about own calls and those that the viewer made."""
        since_us = self._room.clock.wall_us() - DAYS_BACK * _DAY_US
        rules, found = await self._read(lambda connection: (read_rules(connection), approvals.read_approvals(connection, since_us)))
        who, all_ = viewer.principal.person, _reads_all(viewer, rules)
        return [one for one in found if all_ or who in (one.person, one.decided_by)][:SHOWN_DECIDED_MAX]

    async def call(self, viewer: Viewer, id: str) -> WaitingCall:
        """One call that waits or waited, with its arguments where the viewer sees them. Raises DecisionRefused(missing), and as `ReadingRoom.show` does."""
        return (await self._waiting(viewer, id))[1]

    async def _waiting(self, viewer: Viewer, id: str) -> tuple[AskedCall, WaitingCall]:
        rules = await self._read(read_rules)
        row = await self._room.ask(lambda: self._room.index.call(id))
        if row is None or not (_sees(viewer, row.subject) or decides_about(viewer.principal, rules, row.rules[:1])):
            raise DecisionRefused("missing", _NO_CALL)
        call = await self._one(row)
        if call is None or not call.waits:
            raise DecisionRefused("missing", _NO_CALL)
        (seen,) = await self._seen(viewer, rules, [call])
        await self._room.note(viewer, "show", id, payloads=True, rows=1, subjects=(call.subject,))
        return call, seen

    async def approve(self, viewer: Viewer, id: str, order: ApproveOrder) -> Approval:
        """Approve a call that the viewer can see. Raises as `Decider` does."""
        return await self._decider.approve((await self._waiting(viewer, id))[0], order, viewer.principal)

    async def decline(self, viewer: Viewer, id: str, reason: str) -> Approval:
        """Decline one. Raises as `Decider` does."""
        return await self._decider.decline((await self._waiting(viewer, id))[0], reason, viewer.principal)

    async def requests(self, viewer: Viewer) -> list[Access]:
        """Requests for access that the viewer may see, newest first."""
        rules, found = await self._read(lambda connection: (read_rules(connection), approvals.read_requests(connection)))
        return [access for access in (self._access(viewer, rules, request) for request in found) if _visible(viewer, rules, access)]

    async def askable(self, rows: Iterable[CallRow]) -> frozenset[str]:
        """Ids of those refused calls about which their own person may ask for access."""
        policies = (await self._read(read_rules)).policies

        def may(row: CallRow) -> bool:
            rule = row.rules[0] if row.rules else ""
            return rule == DEFAULT_DENY or (rule in policies and policies[rule].requestable)

        return frozenset(row.call_id for row in rows if row.effect == "blocked" and row.method == "tools/call" and may(row))

    async def request(self, viewer: Viewer, id: str) -> Access:
        """One request. Raises DecisionRefused(missing)."""
        rules, found = await self._read(lambda connection: (read_rules(connection), approvals.find_request(connection, id)))
        access = None if found is None else self._access(viewer, rules, found)
        if access is None or not _visible(viewer, rules, access):
            raise DecisionRefused("missing", _NO_REQUEST)
        return access

    async def denied(self, viewer: Viewer, id: str) -> Denied:
        """A refused call that somebody may ask about. Raises DecisionRefused(missing), and as `ReadingRoom.show` does."""
        row = await self._room.ask(lambda: self._room.index.call(id))
        rules, found = await self._read(lambda connection: (read_rules(connection), approvals.find_request_of(connection, id)))
        access = None if found is None else self._access(viewer, rules, found)
        asked = access is not None and _visible(viewer, rules, access)
        if row is None or not (asked or _sees(viewer, row.subject) or _decides_all(viewer, rules)):
            raise DecisionRefused("missing", _NO_CALL)
        call = await self._one(row)
        if call is None or (call.denying(rules) is None and access is None):
            raise DecisionRefused("missing", _NO_CALL)
        own = call.person == viewer.principal.person
        await self._room.note(viewer, "show", id, payloads=True, rows=1, subjects=(call.subject,))
        may_ask = access is None and (own or is_administrator(viewer.principal))
        return Denied(call=_for(viewer, rules, call), access=access, may_ask=may_ask, own=own, in_book=viewer.may_see(call.subject))

    async def ask_access(self, viewer: Viewer, id: str, reason: str) -> Access:
        """Ask for what a call was denied. Raises as `Decider` does."""
        made = await self._decider.ask_access((await self.denied(viewer, id)).call, reason, viewer.principal)
        return await self.request(viewer, made.id)

    async def grant(self, viewer: Viewer, id: str, order: GrantOrder) -> Access:
        """Grant a request. Raises as `Decider` does."""
        await self.request(viewer, id)
        await self._decider.grant(id, order, viewer.principal)
        return await self.request(viewer, id)

    async def close(self, viewer: Viewer, id: str, state: Literal["declined", "withdrawn", "revoked"], reason: str) -> Access:
        """Decline, withdraw or revoke one. Raises as `Decider` does."""
        await self.request(viewer, id)
        await self._decider.close(id, state, reason, viewer.principal)
        return await self.request(viewer, id)

    async def _one(self, row: CallRow) -> AskedCall | None:
        found = await self._calls([row])
        return found[0] if found else None

    async def _calls(self, rows: Sequence[CallRow]) -> list[AskedCall]:
        found = [asked_call(record, self._key) for record in await self._room.openings(rows)]
        return [call for call in found if call is not None]

    async def _seen(self, viewer: Viewer, rules: Rules, calls: Sequence[AskedCall]) -> list[WaitingCall]:
        def decisions(connection: Connection) -> list[Approval | None]:
            return [approvals.find_decision(connection, call.like(call.time_us)) for call in calls]

        oldest_us = self._room.clock.wall_us() - DAYS_BACK * _DAY_US
        seen = []
        for call, decision in zip(calls, await self._read(decisions), strict=True):
            own = viewer.subject == call.subject
            state = decision.decision if decision else "too_old" if call.time_us < oldest_us else "waiting"
            may = (
                not own
                and state == "waiting"
                and in_person(viewer.principal)
                and bool(decides_about(viewer.principal, rules, (call.rule,)))
            )
            seen.append(
                WaitingCall(
                    call=_for(viewer, rules, call),
                    state=state,
                    decision=decision,
                    own=own,
                    may_decide=may,
                    approvers=approvers_of(rules, call.rule),
                    in_book=viewer.may_see(call.subject),
                )
            )
        return seen

    def _access(self, viewer: Viewer, rules: Rules, request: AccessRequest) -> Access:
        now_us, who = self._room.clock.wall_us(), viewer.principal
        own = who.person == request.person
        over = request.state == "granted" and (request.until_us or 0) <= now_us
        return Access(
            request=request,
            own=own,
            may_decide=in_person(who) and _decides(viewer, rules, request),
            may_withdraw=request.state == "open" and (own or is_administrator(who)),
            over=over,
            in_book=own or viewer.reads_all,
        )

    async def _read(self, work: Callable[[Connection], _T]) -> _T:
        def read() -> _T:
            with self._store.read() as connection:
                return work(connection)

        return await asyncio.to_thread(read)


def _for(viewer: Viewer, rules: Rules, call: AskedCall) -> AskedCall:
    """The call without its arguments for who may not see them: neither by a role, nor as one who is named to decide about it."""
    if viewer.access.sees(call.subject, "arguments") or is_named_for(viewer.principal, rules, call.rule):
        return call
    return replace(call, arguments=None, lost=_HIDDEN)


def _decides(viewer: Viewer, rules: Rules, request: AccessRequest) -> bool:
    about = request.rules or (DEFAULT_DENY,)
    return viewer.principal.person != request.person and set(decides_about(viewer.principal, rules, about)) == set(about)


def _visible(viewer: Viewer, rules: Rules, access: Access) -> bool:
    return access.own or _reads_all(viewer, rules) or _decides(viewer, rules, access.request)


def _sees(viewer: Viewer, subject: str) -> bool:
    """Whether somebody's roles show them what stands on such a page but for the arguments: who called what, and what was decided why."""
    return all(viewer.access.sees(subject, group) for group in ("metadata", "identity", "policy"))


def _decides_all(viewer: Viewer, rules: Rules) -> bool:
    return not viewer.viewing_as and bool(decides_about(viewer.principal, rules, ("",)))


def _reads_all(viewer: Viewer, rules: Rules) -> bool:
    """Whether somebody reads all decisions and requests: by their roles, or because they decide about all."""
    return viewer.access.shows_all("metadata", "identity", "policy") or _decides_all(viewer, rules)
