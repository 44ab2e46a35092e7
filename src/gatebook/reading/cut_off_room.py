"""Cut-offs for people: receipts for those who read the metadata of all calls, the button and what it would end for administrators. In person only."""

from collections.abc import Mapping
from typing import Annotated, Final, Protocol

from msgspec import Meta, Struct
from sqlalchemy import Connection

from gatebook.identity.accounts import find_person
from gatebook.identity.approvers import NOT_BY_TOKEN, in_person
from gatebook.identity.cut_off import Cause, Severed
from gatebook.identity.cutting import CutOrder, Outlook
from gatebook.identity.directory import Principal
from gatebook.reading.rights import NotForYou, check_administrator, check_reader
from gatebook.reading.viewer import Viewer
from gatebook.state.cut_offs import Receipt, count_receipts, read_receipt, read_receipts
from gatebook.state.store import Store
from gatebook.state.workers import read_workers

PAGE_RECEIPTS: Final = 50
_ADMINISTRATORS: Final = "only members of the group admins cut people off"
_READERS: Final = "receipts of cut-offs are for those who see the metadata of all calls"


class Desk(Protocol):
    """`gatebook.control.desk`."""

    async def cut_off(self, order: CutOrder, caller: Principal) -> Severed:
        """Cut a person off by hand; returns when no worker lets them in any more. Raises StateError, LogUnavailable."""

    def outlook(self, person: str) -> Outlook:
        """What a cut-off would end. Raises StateError."""


class WorkerFacts(Struct, frozen=True, kw_only=True):
    """What one worker did."""

    stream: Annotated[str, Meta(description="The stream that the worker writes.")]
    after_us: Annotated[int, Meta(description="From the signal until it refused the person, microseconds.")]
    streams: Annotated[int, Meta(description="Open streams that it ended.")]
    calls: Annotated[int, Meta(description="Calls in flight that it cancelled.")]
    lost: Annotated[bool, Meta(description="It did not answer within its lease, and refuses everybody by itself.")]


class CredentialFacts(Struct, frozen=True, kw_only=True):
    """What became of one credential at a connector."""

    connector: Annotated[str, Meta(description="The connector.")]
    credential: Annotated[str, Meta(description="Id of the credential; empty when none could be asked for.")]
    outcome: Annotated[
        str, Meta(description="revoked, failed, or nothing_offered: deleted here, because the connector offers no revocation.")
    ]
    detail: Annotated[str, Meta(description="What went wrong.")]


class CutOffFacts(Struct, frozen=True, kw_only=True):
    """The receipt of one cut-off. Times in microseconds since 1970."""

    id: Annotated[str, Meta(description="Its id, which stands in its records too.")]
    person: Annotated[str, Meta(description="Who was cut off.")]
    person_name: Annotated[str, Meta(description="The name of the person.")]
    cause: Annotated[
        Cause,
        Meta(description="By the directory (deactivated, deleted, groups), by an administrator, or by a signal of the identity provider."),
    ]
    by: Annotated[str, Meta(description="Who asked for it: a person, a token of the directory, or idp: and the identity provider.")]
    reason: Annotated[str, Meta(description="Why; empty where none was given, or your roles do not show identities.")]
    signal_us: Annotated[int, Meta(description="When it was asked for.")]
    tokens: Annotated[int, Meta(description="Access tokens that were ended.")]
    sessions: Annotated[int, Meta(description="Console sessions that were ended.")]
    grants: Annotated[int, Meta(description="Grants of AI clients that were ended.")]
    services: Annotated[tuple[str, ...], Meta(description="Service accounts that were suspended, because the person answered for them.")]
    streams: Annotated[int, Meta(description="Open streams that were ended.")]
    calls: Annotated[int, Meta(description="Calls in flight that were cancelled.")]
    workers: Annotated[tuple[WorkerFacts, ...], Meta(description="Each worker that had it in force, or was given up.")]
    waiting: Annotated[
        tuple[str, ...], Meta(description="Workers that do not have it in force yet; calls that they decide may still be let in.")
    ]
    credentials: Annotated[tuple[CredentialFacts, ...], Meta(description="Credentials at connectors; empty until it is done.")]
    in_force_us: Annotated[
        int | None, Meta(description="From the signal until the last worker had it in force, microseconds; null until it is done.")
    ]
    last_call_us: Annotated[
        int | None, Meta(description="The last call that the index knows of; null when there is none, or until it is done.")
    ]
    done_us: Annotated[int | None, Meta(description="When the receipt was complete; null while something is still going on.")]

    @property
    def upstream(self) -> tuple[int, int]:
        """How many credentials were revoked, and how many could not be."""
        outcomes = [one.outcome for one in self.credentials]
        return outcomes.count("revoked"), outcomes.count("failed")


class CutOffList(Struct, frozen=True, kw_only=True):
    """One page of receipts, newest first."""

    cut_offs: Annotated[tuple[CutOffFacts, ...], Meta(description="The receipts.")]
    total: Annotated[int, Meta(description="How many fit what was asked.")]
    page: Annotated[int, Meta(description="Number of this page, from 1.")]
    pages: Annotated[int, Meta(description="How many pages there are.")]


class Prospect(Struct, frozen=True, kw_only=True):
    """What a cut-off would end now, besides open streams and calls in flight."""

    person: Annotated[str, Meta(description="Who it is about.")]
    person_name: Annotated[str, Meta(description="The name of the person.")]
    active: Annotated[bool, Meta(description="Whether the person may sign in now.")]
    provisioned: Annotated[bool, Meta(description="Whether a directory sent the person, and may make them active again.")]
    tokens: Annotated[int, Meta(description="Access tokens.")]
    sessions: Annotated[int, Meta(description="Console sessions.")]
    grants: Annotated[int, Meta(description="Grants of AI clients.")]
    credentials: Annotated[int, Meta(description="Credentials at connectors.")]
    services: Annotated[
        tuple[str, ...], Meta(description="Service accounts that the person answers for; suspended unless the person stays active.")
    ]


class CutOffRoom:
    """What faces read and do about cut-offs."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    def receipts(self, viewer: Viewer, person: str = "", page: int = 1) -> CutOffList:
        """A page of receipts, of one person or of all; a page that is not there is empty. Raises NotForYou, StateError."""
        _check_sees(viewer)
        who = person.strip().lower() or None
        with self._store.read() as connection:
            total = count_receipts(connection, who)
            found = read_receipts(connection, person=who, limit=PAGE_RECEIPTS, offset=(page - 1) * PAGE_RECEIPTS)
            names = _names(connection, {one.person for one in found})
        rows = tuple(_facts(one, names, (), sees_reasons=_sees_reasons(viewer)) for one in found)
        return CutOffList(cut_offs=rows, total=total, page=page, pages=max(1, -(-total // PAGE_RECEIPTS)))

    def receipt(self, viewer: Viewer, id: str) -> CutOffFacts | None:
        """One receipt; None where there is none. Raises NotForYou, StateError."""
        _check_sees(viewer)
        with self._store.read() as connection:
            found = read_receipt(connection, id)
            if found is None:
                return None
            waiting = _waiting(connection, found) if found.done_us is None else ()
            return _facts(found, _names(connection, {found.person}), waiting, sees_reasons=_sees_reasons(viewer))

    def prospect(self, viewer: Viewer, person: str) -> Prospect | None:
        """What a cut-off would end; None where there is nobody. Raises NotForYou, StateError."""
        check_administrator(viewer, _ADMINISTRATORS)
        with self._store.read() as connection:
            if find_person(connection, person.lower()) is None:
                return None
        found = self._desk.outlook(person)
        counts = {name: getattr(found, name) for name in ("tokens", "sessions", "grants", "credentials", "services")}
        who = found.person
        return Prospect(person=who.id, person_name=who.name or who.id, active=who.active, provisioned=who.source == "scim", **counts)

    async def cut(self, viewer: Viewer, order: CutOrder) -> str:
        """Cut somebody off; returns the id of the receipt when no worker lets them in any more. Raises NotForYou, StateError, LogUnavailable."""
        check_administrator(viewer, _ADMINISTRATORS)
        return (await self._desk.cut_off(order, viewer.principal)).id


def _check_sees(viewer: Viewer) -> None:
    if not in_person(viewer.principal):
        raise NotForYou(NOT_BY_TOKEN)
    if not viewer.administers:
        check_reader(viewer, _READERS)


def _sees_reasons(viewer: Viewer) -> bool:
    """A reason may say more of a person than the fact."""
    return viewer.administers or viewer.access.shows_all("identity")


def _names(connection: Connection, ids: set[str]) -> dict[str, str]:
    found = {id: find_person(connection, id) for id in ids}
    return {id: person.name for id, person in found.items() if person is not None and person.name}


def _waiting(connection: Connection, receipt: Receipt) -> tuple[str, ...]:
    told = {ack.stream for ack in receipt.acks}
    return tuple(one.stream for one in read_workers(connection) if one.revision < receipt.revision and one.stream not in told)


def _facts(receipt: Receipt, names: Mapping[str, str], waiting: tuple[str, ...], *, sees_reasons: bool) -> CutOffFacts:
    same = ("id", "person", "cause", "by", "signal_us", "tokens", "sessions", "grants", "services", "last_call_us", "done_us")
    workers = tuple(
        WorkerFacts(stream=ack.stream, after_us=max(0, ack.at_us - receipt.signal_us), streams=ack.streams, calls=ack.calls, lost=ack.lost)
        for ack in receipt.acks
    )
    return CutOffFacts(
        **{name: getattr(receipt, name) for name in same},
        person_name=names.get(receipt.person, receipt.person),
        reason=receipt.detail if sees_reasons else "",
        streams=receipt.streams,
        calls=receipt.calls,
        workers=workers,
        waiting=waiting,
        credentials=tuple(
            CredentialFacts(connector=one.connector, credential=one.credential, outcome=one.outcome, detail=one.detail)
            for one in receipt.upstream
        ),
        in_force_us=receipt.in_force_us,
    )
