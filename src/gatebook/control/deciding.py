"""Decisions about single calls and requests for access. Each is one transaction, and on the record before it is in force.

Nobody decides about their own call or request, administrators neither; what was decided once is not decided again.
"""

import secrets
from collections.abc import Sequence
from typing import Final, Literal

import yaml
from msgspec.structs import asdict, replace
from sqlalchemy import Connection

from gatebook.control.desk import Desk
from gatebook.identity.approvers import NOT_BY_TOKEN, decides_about, in_person, is_administrator
from gatebook.identity.directory import Principal
from gatebook.policy.access import DEFAULT_DENY
from gatebook.reading.asked import AskedCall
from gatebook.reading.decisions import DAYS_BACK, ApproveOrder, DecisionRefused, GrantOrder, one_line
from gatebook.record.body import ConfigChanged
from gatebook.state import approvals
from gatebook.state.approvals import AccessRequest, Approval
from gatebook.state.changes import unified
from gatebook.state.snapshot import Rules, read_people, read_rules
from gatebook.state.store import bump

_HOUR_US: Final = 3_600_000_000
_Closing = Literal["declined", "withdrawn", "revoked"]
_FROM = {"declined": "open", "withdrawn": "open", "revoked": "granted"}
_VERSIONS = {"open": 1, "granted": 2, "declined": 2, "withdrawn": 2, "revoked": 3}
_OWN = "nobody decides about a call or a request of their own"


class Deciding:
    """Makes decisions through the desk. All methods raise DecisionRefused, StateError, LogUnavailable: then nothing has changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def approve(self, call: AskedCall, order: ApproveOrder, caller: Principal) -> Approval:
        """Approve a call that waits, for the policies that wanted it and about which the caller may decide."""
        async with self._desk.deciding() as connection:
            rules = read_rules(connection)
            named = self._decidable(connection, call, rules, caller)
            if call.arguments is None:
                raise DecisionRefused("state", call.lost)
            _within(rules, order.hours)
            now_us = self._desk.clock.wall_us()
            made = replace(
                call.like(now_us),
                rules=named,
                decision="approved",
                single_use=order.single_use,
                until_us=now_us + order.hours * _HOUR_US,
                decided_by=caller.person,
                reason=one_line(order.reason) or None,
            )
            return await self._approval(connection, made, caller)

    async def decline(self, call: AskedCall, reason: str, caller: Principal) -> Approval:
        """Decline a call that waits. A reason is needed."""
        async with self._desk.deciding() as connection:
            named = self._decidable(connection, call, read_rules(connection), caller)
            now_us = self._desk.clock.wall_us()
            made = replace(
                call.like(now_us), rules=named, decision="declined", until_us=now_us, decided_by=caller.person, reason=_needed(reason)
            )
            return await self._approval(connection, made, caller)

    async def ask_access(self, call: AskedCall, reason: str, caller: Principal) -> AccessRequest:
        """Ask for what a call was denied, for the person who made it. A reason is needed."""
        async with self._desk.deciding() as connection:
            denying = call.denying(read_rules(connection))
            if denying is None:
                raise DecisionRefused("state", "nobody may ask for what this call was refused")
            if not call.person:
                raise DecisionRefused("state", call.lost)
            if caller.person != call.person and not is_administrator(caller):
                raise DecisionRefused("rights", "only the person who made the call, or an administrator for them, may ask")
            self._first(connection, call)
            request = AccessRequest(
                id=f"req_{secrets.token_hex(6)}",
                call=call.call,
                person=call.person,
                connector=call.connector,
                tool=call.tool,
                rules=denying,
                reason=_needed(reason),
                asked_us=self._desk.clock.wall_us(),
            )
            return await self._request(connection, None, request, request.reason, caller)

    async def grant(self, id: str, order: GrantOrder, caller: Principal) -> AccessRequest:
        """Grant an open request for some hours."""
        async with self._desk.deciding() as connection:
            rules = read_rules(connection)
            request = _open(connection, id, "open", "granted")
            _check_rights(request, rules, caller)
            _within(rules, order.hours)
            person = read_people(connection).get(request.person)
            if person is not None and not person.active:
                raise DecisionRefused("state", f"{request.person} is no longer active")
            until_us = self._desk.clock.wall_us() + order.hours * _HOUR_US
            return await self._decided(connection, request, replace(request, state="granted", until_us=until_us), order.reason, caller)

    async def close(self, id: str, state: _Closing, reason: str, caller: Principal) -> AccessRequest:
        """Decline an open request, withdraw one's own, or revoke what was granted. Declining and revoking need a reason."""
        async with self._desk.deciding() as connection:
            request = _open(connection, id, _FROM[state], state)
            if state == "withdrawn":
                if caller.person != request.person and not is_administrator(caller):
                    raise DecisionRefused("rights", "only the person whose request it is, or an administrator for them, may withdraw it")
            else:
                _check_rights(request, read_rules(connection), caller)
                reason = _needed(reason)
            if state == "revoked" and (request.until_us or 0) <= self._desk.clock.wall_us():
                raise DecisionRefused("state", "what was granted is over already")
            return await self._decided(connection, request, replace(request, state=state), reason, caller)

    def _decidable(self, connection: Connection, call: AskedCall, rules: Rules, caller: Principal) -> tuple[str, ...]:
        """Return the policies for which the caller may decide."""
        if not call.waits:
            raise DecisionRefused("state", "this call does not wait for an approval")
        _check_presence(caller)
        if caller.person == call.person or caller.subject == call.subject:
            raise DecisionRefused("rights", _OWN)
        named = decides_about(caller, rules, call.asking(rules))
        if call.rule not in named:
            raise DecisionRefused("rights", f"only administrators and the approvers of {call.rule} decide about this call")
        if (found := approvals.find_decision(connection, call.like(call.time_us))) is not None:
            raise DecisionRefused("state", f"this call was {found.decision} already, by {found.decided_by}")
        if call.time_us < self._desk.clock.wall_us() - DAYS_BACK * 24 * _HOUR_US:
            raise DecisionRefused("state", f"the call is older than {DAYS_BACK} days; it has to be made again")
        return named

    def _first(self, connection: Connection, call: AskedCall) -> None:
        now_us = self._desk.clock.wall_us()
        for request in approvals.read_requests(connection, call.person):
            same = (request.connector, request.tool) == (call.connector, call.tool)
            if same and request.state == "open":
                raise DecisionRefused("state", f"there is an open request for this already: {request.id}")
            if same and request.state == "granted" and (request.until_us or 0) > now_us:
                raise DecisionRefused("state", f"it is granted already: {request.id}")
            if request.call == call.call:
                raise DecisionRefused("state", f"somebody has asked about this call already; that was {request.state}")

    async def _approval(self, connection: Connection, made: Approval, caller: Principal) -> Approval:
        approvals.put_approval(connection, made)
        diff = unified("", _yaml(asdict(made)), f"Approval/{made.call}")
        body = ConfigChanged(
            kind="Approval",
            name=made.call,
            action="created",
            version=1,
            revision=bump(connection),
            actor=caller.actor,
            reason=made.reason,
        )
        await self._desk.record(body, caller, diff)
        return made

    async def _decided(
        self, connection: Connection, before: AccessRequest, after: AccessRequest, reason: str, caller: Principal
    ) -> AccessRequest:
        text = one_line(reason) or None
        after = replace(after, decided_by=caller.person, decided_us=self._desk.clock.wall_us(), decision_reason=text)
        return await self._request(connection, before, after, text, caller)

    async def _request(
        self, connection: Connection, before: AccessRequest | None, after: AccessRequest, reason: str | None, caller: Principal
    ) -> AccessRequest:
        approvals.put_request(connection, after)
        diff = unified("" if before is None else _yaml(asdict(before)), _yaml(asdict(after)), f"AccessRequest/{after.id}")
        body = ConfigChanged(
            kind="AccessRequest",
            name=after.id,
            action="created" if before is None else "changed",
            version=_VERSIONS[after.state],
            revision=bump(connection),
            actor=caller.actor,
            reason=reason,
        )
        await self._desk.record(body, caller, diff)
        return after


def _open(connection: Connection, id: str, state: str, wanted: str) -> AccessRequest:
    request = approvals.find_request(connection, id)
    if request is None:
        raise DecisionRefused("missing", f"there is no request {id[:40]!r}")
    if request.state != state:
        by = f" by {request.decided_by}" if request.decided_by else ""
        raise DecisionRefused("state", f"the request is {request.state}{by}; only one that is {state} can be {wanted}")
    return request


def _check_presence(caller: Principal) -> None:
    if not in_person(caller):
        raise DecisionRefused("rights", NOT_BY_TOKEN)


def _check_rights(request: AccessRequest, rules: Rules, caller: Principal) -> None:
    _check_presence(caller)
    if caller.person == request.person:
        raise DecisionRefused("rights", _OWN)
    about: Sequence[str] = request.rules or (DEFAULT_DENY,)
    if set(decides_about(caller, rules, about)) != set(about):
        raise DecisionRefused("rights", "only administrators and the approvers of what denied the call decide about this request")


def _within(rules: Rules, hours: int) -> None:
    most = rules.governance.grant_hours_max
    if hours > most:
        raise DecisionRefused("state", f"at most {most:,} hours are allowed (grant_hours_max)")


def _needed(reason: str) -> str:
    text = one_line(reason)
    if not text:
        raise DecisionRefused("state", "a reason is needed")
    return text


def _yaml(values: dict[str, object]) -> str:
    shown = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value is not None}
    return str(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=1000))
