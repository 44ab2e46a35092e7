"""Decisions about calls that wait and requests for access: whose they are, that each is on the record, and that each is made once."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from gatebook.control.caller import local_caller
from gatebook.control.deciding import Deciding
from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.vault import Vault
from gatebook.reading.asked import AskedCall
from gatebook.reading.decisions import ApproveOrder, DecisionRefused, GrantOrder
from gatebook.settings import Settings
from gatebook.state.approvals import arguments_digest, find_approval, find_request, read_requests, read_usable_approvals, use_approval
from gatebook.state.documents import parse_documents
from gatebook.state.opening import open_state
from gatebook.state.schema import people
from gatebook.state.snapshot import Person
from gatebook.state.store import StateError, Store

HOUR_US = 3_600_000_000
POLICIES = """
kind: Policy
name: ask-first
spec: {effect: require_approval, approvers: [leads], selector: {tools: [export_*]}}
---
kind: Policy
name: ask-too
spec: {effect: require_approval, selector: {tools: [export_*]}}
---
kind: Policy
name: not-this
spec: {effect: deny, requestable: true, approvers: [leads], selector: {tools: [drop]}}
---
kind: Governance
name: default
spec: {approvers: [legal, Cy@example.com], grant_hours_max: 48}
"""


class TurnedClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now_us = time.time_ns() // 1000

    def wall_us(self) -> int:
        """The wall clock."""
        return self.now_us

    def monotonic_us(self) -> int:
        """The monotonic clock."""
        return self.now_us


@pytest.fixture
def clock() -> TurnedClock:
    """A clock that stands still."""
    return TurnedClock()


@pytest.fixture
async def deciding(store: Store, book: Book, vault: Vault, settings: Settings, clock: TurnedClock) -> Deciding:
    """Decisions of a governed deployment, by that clock."""
    desk = Desk(Journal(store, book, vault.subject, clock), settings.console_url)
    await desk.apply(parse_documents(POLICIES, "p.yaml"), local_caller("root", vault.subject))
    return Deciding(desk)


@pytest.fixture
def who(vault: Vault) -> Callable[..., Principal]:
    """Makes somebody who is signed in."""

    def make(id: str, *groups: str) -> Principal:
        return make_principal(Person(id=id, email=id, groups=groups), vault.subject(id), "session")

    return make


@pytest.fixture
def waiting(vault: Vault, clock: TurnedClock) -> Callable[..., AskedCall]:
    """Makes a call of Ann's that waits."""

    def make(call: str = "c1", arguments: bytes = b'{"a":1}', **changes: Any) -> AskedCall:
        base: dict[str, Any] = {
            "call": call,
            "time_us": clock.now_us,
            "subject": vault.subject("ann@example.com"),
            "person": "ann@example.com",
            "name": "Ann",
            "email": "ann@example.com",
            "groups": ("sales",),
            "client": "Claude",
            "method": "tools/call",
            "connector": "crm",
            "tool": "export_all",
            "effect": "pending",
            "rule": "ask-first",
            "reason": "",
            "matched": ("connector/crm:allow.groups[everyone]", "ask-first"),
            "arguments": arguments,
            "digest": arguments_digest(b"k" * 32, arguments),
        }
        return AskedCall(**{**base, **changes})

    return make


@pytest.fixture
def denied(waiting: Callable[..., AskedCall]) -> Callable[..., AskedCall]:
    """Makes a call of Ann's that a policy denied."""

    def make(call: str = "d1", **changes: Any) -> AskedCall:
        return waiting(call, **{"effect": "blocked", "rule": "not-this", "matched": ("not-this",), "tool": "drop", **changes})

    return make


async def test_an_approval_is_in_force_and_on_the_record(
    deciding: Deciding, who: Any, waiting: Any, store: Store, recorded: Any, clock: TurnedClock
) -> None:
    """Once and for a day unless said otherwise; the record names who, what, why, with the values as a diff."""
    made = await deciding.approve(waiting(), ApproveOrder(reason=" agreed\n by phone "), who("bob@example.com", "leads"))
    assert (made.decision, made.single_use, made.until_us, made.decided_by) == (
        "approved",
        True,
        clock.now_us + 24 * HOUR_US,
        "bob@example.com",
    )
    body, parts = recorded()[-1]
    assert (body.kind, body.name, body.action, body.version, body.reason) == ("Approval", "c1", "created", 1, "agreed by phone")
    assert body.revision == store.revision() and body.actor.subject == who("bob@example.com").subject
    diff = parts["diff"].decode()
    assert (
        "+decision: approved\n" in diff and "+person: ann@example.com\n" in diff and f"+arguments_sha256: {made.arguments_sha256}\n" in diff
    )
    with store.read() as connection:
        assert read_usable_approvals(connection, clock.now_us) == [made]


async def test_an_approval_is_over_when_its_time_is(deciding: Deciding, who: Any, waiting: Any, store: Store, clock: TurnedClock) -> None:
    """For some hours, and not for longer than the company allows."""
    bob = who("bob@example.com", "admins")
    with pytest.raises(DecisionRefused, match="at most 48 hours"):
        await deciding.approve(waiting(), ApproveOrder(single_use=False, hours=49), bob)
    made = await deciding.approve(waiting(), ApproveOrder(single_use=False, hours=2), bob)
    with store.read() as connection:
        assert read_usable_approvals(connection, clock.now_us + 2 * HOUR_US - 1) == [made]
        assert read_usable_approvals(connection, clock.now_us + 2 * HOUR_US) == []


async def test_nobody_decides_about_their_own(deciding: Deciding, who: Any, waiting: Any, denied: Any, store: Store) -> None:
    """Neither call nor request, administrators neither, whatever they are called."""
    ann = who("ann@example.com", "admins", "leads", "legal")
    before = store.revision()
    for refused in (deciding.approve(waiting(), ApproveOrder(), ann), deciding.decline(waiting(), "no", ann)):
        with pytest.raises(DecisionRefused, match="of their own") as error:
            await refused
        assert error.value.kind == "rights"
    assert store.revision() == before
    asked = await deciding.ask_access(denied(), "please", ann)
    for refused in (deciding.grant(asked.id, GrantOrder(), ann), deciding.close(asked.id, "declined", "no", ann)):
        with pytest.raises(DecisionRefused, match="of their own"):
            await refused


@pytest.mark.parametrize(
    ("groups", "id", "may"),
    [
        (("leads",), "bob@example.com", True),
        (("LEGAL",), "bob@example.com", True),
        (("admins",), "bob@example.com", True),
        ((), "cy@example.com", True),
        (("sales", "auditors", "security", "everyone"), "bob@example.com", False),
        ((), "bob@example.com", False),
    ],
)
async def test_only_approvers_decide(deciding: Deciding, who: Any, waiting: Any, groups: tuple[str, ...], id: str, may: bool) -> None:
    """Administrators, the approvers of everything, those of the policy; reading the whole book is not enough."""
    if may:
        assert (await deciding.decline(waiting(), "no", who(id, *groups))).decision == "declined"
        return
    with pytest.raises(DecisionRefused, match="approvers of ask-first") as refused:
        await deciding.approve(waiting(), ApproveOrder(), who(id, *groups))
    assert refused.value.kind == "rights"


async def test_an_approver_of_one_policy_does_not_lift_another(deciding: Deciding, who: Any, waiting: Any) -> None:
    """Of two policies that ask, the approval is for those about which somebody may decide; an approver of all lifts both."""
    both = waiting(matched=("ask-first", "ask-too", "not-this"))
    assert (await deciding.approve(both, ApproveOrder(), who("bob@example.com", "leads"))).rules == ("ask-first",)
    other = waiting("c2", b'{"a":2}', matched=("ask-first", "ask-too", "not-this"))
    assert (await deciding.approve(other, ApproveOrder(), who("bob@example.com", "legal"))).rules == ("ask-first", "ask-too")
    second = waiting("c3", b'{"a":3}', rule="ask-too", matched=("ask-first", "ask-too"))
    with pytest.raises(DecisionRefused, match="approvers of ask-too"):
        await deciding.approve(second, ApproveOrder(), who("bob@example.com", "leads"))


async def test_what_is_decided_is_not_decided_again(deciding: Deciding, who: Any, waiting: Any, store: Store, clock: TurnedClock) -> None:
    """Not the call, nor an equal one that was made before the decision; one that is made later may be."""
    bob = who("bob@example.com", "admins")
    await deciding.decline(waiting(), "not today", bob)
    for again in (waiting(), waiting("c2")):
        with pytest.raises(StateError, match=r"this call was declined already, by bob@example\.com"):
            await deciding.approve(again, ApproveOrder(), bob)
    clock.now_us += 1
    assert (await deciding.approve(waiting("c3"), ApproveOrder(), bob)).call == "c3"
    with store.read() as connection:
        assert find_approval(connection, "c2") is None


async def test_of_two_decisions_at_once_one_is_made(deciding: Deciding, who: Any, waiting: Any, recorded: Any) -> None:
    """However many decide at the same time, the record shows exactly one decision."""
    people = [who(f"p{number}@example.com", "admins") for number in range(5)]
    made = await asyncio.gather(*(deciding.approve(waiting(), ApproveOrder(), one) for one in people), return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Approval", *["DecisionRefused"] * 4]
    assert [body.name for body, _ in recorded() if body.kind == "Approval"] == ["c1"]


async def test_what_another_process_decided_counts(
    deciding: Deciding, who: Any, waiting: Any, settings: Settings, clock: TurnedClock
) -> None:
    """State is one: a decision made here is seen through another store of the same deployment, and used up there it is used up here."""
    made = await deciding.approve(waiting(), ApproveOrder(), who("bob@example.com", "admins"))
    other = open_state(settings, create=False)
    try:
        with other.write() as connection:
            assert read_usable_approvals(connection, clock.now_us) == [made]
            assert use_approval(connection, "c1", clock.now_us) and not use_approval(connection, "c1", clock.now_us)
        with other.read() as connection:
            assert read_usable_approvals(connection, clock.now_us) == []
    finally:
        other.close()


async def test_a_call_that_does_not_wait_or_cannot_be_read_is_not_approved(deciding: Deciding, who: Any, waiting: Any, denied: Any) -> None:
    """A denied call, one whose arguments are gone, one of more than seven days ago; what cannot be read can still be declined."""
    bob = who("bob@example.com", "admins")
    lost = waiting("c2", arguments=None, digest="", lost="The arguments are gone.")
    old = waiting("c3")
    old = msgspec.structs.replace(old, time_us=old.time_us - 7 * 24 * HOUR_US - 1)
    for call, text in ((denied(), "does not wait"), (lost, "are gone"), (old, "older than 7 days")):
        with pytest.raises(DecisionRefused, match=text):
            await deciding.approve(call, ApproveOrder(), bob)
    assert (await deciding.decline(lost, "unreadable", bob)).decision == "declined"


async def test_without_a_record_nothing_is_decided(deciding: Deciding, who: Any, waiting: Any, book: Book, store: Store) -> None:
    """When the book cannot be written, the decision is not in force."""
    book.close()
    with pytest.raises(LogUnavailable):
        await deciding.approve(waiting(), ApproveOrder(), who("bob@example.com", "admins"))
    with store.read() as connection:
        assert find_approval(connection, "c1") is None


async def test_access_is_asked_for_granted_and_revoked_each_on_the_record(
    deciding: Deciding, who: Any, denied: Any, store: Store, recorded: Any, clock: TurnedClock
) -> None:
    """The grant is in force for its hours, and ends at once when it is revoked."""
    bob = who("bob@example.com", "leads")
    asked = await deciding.ask_access(denied(), "for the audit", who("ann@example.com"))
    granted = await deciding.grant(asked.id, GrantOrder(hours=8, reason="until tonight"), bob)
    assert (granted.state, granted.until_us, granted.rules) == ("granted", clock.now_us + 8 * HOUR_US, ("not-this",))
    with store.read() as connection:
        assert find_request(connection, asked.id) == granted
    assert [one.id for one in store.snapshot().grants] == [asked.id]
    revoked = await deciding.close(asked.id, "revoked", "done early", bob)
    assert (revoked.state, revoked.decision_reason, store.snapshot().grants) == ("revoked", "done early", ())
    changes = [(body.name, body.action, body.version, body.reason) for body, _ in recorded() if body.kind == "AccessRequest"]
    assert changes == [
        (asked.id, "created", 1, "for the audit"),
        (asked.id, "changed", 2, "until tonight"),
        (asked.id, "changed", 3, "done early"),
    ]
    assert "-state: granted\n+state: revoked\n" in recorded()[-1][1]["diff"].decode()


async def test_each_state_of_a_request_allows_only_what_follows_it(deciding: Deciding, who: Any, denied: Any, clock: TurnedClock) -> None:
    """Open: granted, declined or withdrawn; granted and not over: revoked; nothing else, and each with a sentence that says so."""
    ann, bob = who("ann@example.com"), who("bob@example.com", "leads")
    first = await deciding.ask_access(denied(), "please", ann)
    with pytest.raises(DecisionRefused, match="the request is open; only one that is granted can be revoked"):
        await deciding.close(first.id, "revoked", "x", bob)
    with pytest.raises(DecisionRefused, match="open request for this already"):
        await deciding.ask_access(denied("d2"), "again", ann)
    with pytest.raises(DecisionRefused, match="only the person whose request it is"):
        await deciding.close(first.id, "withdrawn", "", bob)
    assert (await deciding.close(first.id, "withdrawn", "", ann)).state == "withdrawn"
    with pytest.raises(DecisionRefused, match=r"the request is withdrawn by ann@example\.com; only one that is open can be granted"):
        await deciding.grant(first.id, GrantOrder(), bob)
    with pytest.raises(DecisionRefused, match="asked about this call already"):
        await deciding.ask_access(denied(), "again", ann)
    second = await deciding.ask_access(denied("d2"), "again", ann)
    await deciding.grant(second.id, GrantOrder(hours=1), bob)
    with pytest.raises(DecisionRefused, match="granted already"):
        await deciding.ask_access(denied("d3"), "again", ann)
    clock.now_us += HOUR_US
    with pytest.raises(DecisionRefused, match="over already"):
        await deciding.close(second.id, "revoked", "late", bob)
    third = await deciding.ask_access(denied("d3"), "again", ann)
    assert (await deciding.close(third.id, "declined", "no", bob)).state == "declined"
    with pytest.raises(DecisionRefused, match="no request 'req_0'"):
        await deciding.grant("req_0", GrantOrder(), bob)


async def test_a_request_is_made_by_the_person_or_by_an_administrator_for_them(
    deciding: Deciding, who: Any, denied: Any, recorded: Any
) -> None:
    """Nobody else; the record names the administrator, the request the person."""
    with pytest.raises(DecisionRefused, match="only the person who made the call"):
        await deciding.ask_access(denied(), "for Ann", who("bob@example.com", "leads"))
    nora = who("nora@example.com", "admins")
    assert (await deciding.ask_access(denied(), "for Ann", nora)).person == "ann@example.com"
    assert recorded()[-1][0].actor.subject == nora.subject


async def test_what_nothing_allowed_is_for_the_approvers_of_all(deciding: Deciding, who: Any, denied: Any) -> None:
    """The approvers of one policy decide only about what that one denied."""
    asked = await deciding.ask_access(denied(rule="default-deny", matched=()), "new here", who("ann@example.com"))
    with pytest.raises(DecisionRefused, match="approvers of what denied"):
        await deciding.grant(asked.id, GrantOrder(), who("bob@example.com", "leads"))
    assert (await deciding.grant(asked.id, GrantOrder(), who("cy@example.com"))).rules == ()


async def test_nothing_is_granted_to_somebody_who_has_left(
    deciding: Deciding, desk: Desk, caller: Principal, who: Any, denied: Any, store: Store
) -> None:
    """A person who is no longer active gets no access."""
    await desk.issuing.create(TokenOrder(person="ann@example.com"), caller)
    asked = await deciding.ask_access(denied(), "please", who("ann@example.com"))
    with store.write() as connection:
        connection.execute(update(people).values(active=0))
    with pytest.raises(DecisionRefused, match="no longer active"):
        await deciding.grant(asked.id, GrantOrder(), who("bob@example.com", "leads"))


async def test_a_reason_is_needed_where_it_matters(deciding: Deciding, who: Any, waiting: Any, denied: Any, store: Store) -> None:
    """For declining, asking and revoking; blanks are none."""
    bob = who("bob@example.com", "admins")
    for refused in (deciding.decline(waiting(), " \n", bob), deciding.ask_access(denied(), "", bob)):
        with pytest.raises(DecisionRefused, match="a reason is needed"):
            await refused
    with store.read() as connection:
        assert read_requests(connection) == []
