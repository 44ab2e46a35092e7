"""Changes to what is governed that wait for a second person: nothing of them is in force before another administrator has approved it."""

import asyncio
import contextlib
import random
from collections.abc import Callable

import msgspec
import pytest

from gatebook.control.caller import local_caller
from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.vault import Vault
from gatebook.reading import proposed
from gatebook.reading.rule_changes import Applied, Terms
from gatebook.reading.rule_facts import ChangeRefused, Proposal
from gatebook.reading.viewer import Viewer
from gatebook.record.body import ConfigChanged
from gatebook.settings import Settings
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.editing import Wanted
from gatebook.state.opening import open_state
from gatebook.state.proposals import find_proposal, read_proposals
from gatebook.state.snapshot import Person
from tests.control.conftest import Recorded

TWO = "kind: Governance\nname: default\nspec: {second_approver: true}\n"
POLICY = "kind: Policy\nname: no-exports\nspec: {effect: deny, reason: Not today}\n"
PACK = "kind: ToolPack\nname: desk\nspec: {tools: {crm: [export_*]}}\n"


def of(text: str, *deletions: tuple[str, str]) -> Wanted:
    """An edit."""
    return Wanted(documents=tuple(parse_documents(text, "t.yaml")), deletions=deletions)


@pytest.fixture
async def two(desk: Desk, caller: Principal) -> Desk:
    """A desk where changes take two people, and with a policy."""
    await desk.apply(parse_documents(f"{TWO}---\n{POLICY}", "t.yaml"), caller, "from now on")
    return desk


@pytest.fixture
def who(vault: Vault) -> Callable[[str], Principal]:
    """Makes somebody who is signed in."""

    def make(id: str) -> Principal:
        if id.startswith("os:"):
            return local_caller(id.removeprefix("os:"), vault.subject)
        return make_principal(Person(id=id, groups=("admins",)), vault.subject(id), "session")

    return make


async def propose(desk: Desk, wanted: Wanted, caller: Principal, reason: str = "because") -> str:
    """Ask for a change; returns the id under which it waits."""
    before = in_force(desk)
    done = await desk.changing.make(wanted, caller, Terms(reason=reason))
    assert done.proposal is not None and done.needs_second and in_force(desk) == before
    return done.proposal


def in_force(desk: Desk) -> str:
    """The hash of all resources that are in force."""
    return desk.store.snapshot().config_hash


def seen(desk: Desk, id: str, by: Principal) -> Proposal:
    """A proposal as somebody reads it."""
    with desk.store.read() as connection:
        found = find_proposal(connection, id)
        assert found is not None
        return proposed.facts(connection, found, Viewer(principal=by))


async def test_a_change_waits_until_somebody_else_approves_it(
    two: Desk, who: Callable[[str], Principal], recorded: Callable[[], Recorded]
) -> None:
    """It is stored and on the record at once, in force after the approval; what is recorded then names both people, by pseudonym."""
    ann, bob = who("ann"), who("bob")
    id = await propose(two, of(f"{PACK}---\n{POLICY.replace('today', 'ever')}"), ann)
    assert seen(two, id, ann).own and not seen(two, id, ann).may_decide and seen(two, id, bob).may_decide
    done = await two.changing.decide(id, "applied", "right so", bob)
    assert isinstance(done, Applied) and [(change.name, change.action) for change in done.changes] == [
        ("desk", "created"),
        ("no-exports", "changed"),
    ]
    (policy,) = two.resources("Policy")
    assert (policy.version, policy.author, policy.reason) == (2, "ann", "because (approved by bob: right so)")
    assert (seen(two, id, bob).state, seen(two, id, bob).decided_by, seen(two, id, bob).outdated) == ("applied", "bob", False)
    bodies = [(body, parts) for body, parts in recorded()[-4:] if isinstance(body, ConfigChanged)]
    asked, approved, *applied = bodies
    assert (asked[0].kind, asked[0].name, asked[0].action, asked[0].actor) == ("ChangeProposal", id, "created", ann.actor)
    assert b"+  reason: Not ever" in asked[1]["diff"] and b"state: open" in asked[1]["diff"]
    assert (approved[0].action, approved[0].actor, approved[0].reason) == ("changed", bob.actor, "right so")
    assert b"-state: open\n+state: applied" in approved[1]["diff"]
    for body, _ in applied:
        assert (body.actor, body.proposer, body.proposal) == (bob.actor, ann.actor, id)
        assert body.reason == "proposed: because; approved: right so" and not body.alone


@pytest.mark.parametrize("text", [TWO.replace("true", "false"), TWO.replace("{second_approver: true}", "{}")])
async def test_it_takes_two_to_go_back_to_one(two: Desk, who: Callable[[str], Principal], text: str) -> None:
    """Switching the second person off waits for one too, by an edit as by deleting the document."""
    for wanted in (of(text), of("", ("Governance", "default"))):
        id = await propose(two, wanted, who("ann"))
        with pytest.raises(ChangeRefused, match="of their own"):
            await two.changing.decide(id, "applied", "", who("ann"))
        await two.changing.decide(id, "withdrawn", "enough", who("ann"))
    id = await propose(two, of(text), who("ann"))
    await two.changing.decide(id, "applied", "", who("bob"))
    done = await two.apply(parse_documents(PACK, "t.yaml"), who("ann"))
    assert done.proposal is None and two.resources("ToolPack")


async def test_who_may_decide_what(two: Desk, who: Callable[[str], Principal]) -> None:
    """Nobody approves or declines their own; only its author withdraws one; both with a reason; what is decided stays decided."""
    ann, bob = who("os:ann"), who("os:bob")
    id = await propose(two, of(PACK), ann)
    refused = [
        (ann, "applied", "r", "own"),
        (ann, "declined", "r", "own"),
        (bob, "withdrawn", "r", "own"),
        (ann, "withdrawn", " \n", "state"),
        (bob, "declined", "", "state"),
    ]
    for by, decision, reason, kind in refused:
        with pytest.raises(ChangeRefused) as error:
            await two.changing.decide(id, decision, reason, by)  # type: ignore[arg-type]
        assert error.value.kind == kind
    with pytest.raises(ChangeRefused) as error:
        await two.changing.decide("chg_none", "applied", "", bob)
    assert error.value.kind == "unknown"
    assert await two.changing.decide(id, "declined", "not needed", bob) is None
    for decision in ("applied", "declined"):
        with pytest.raises(ChangeRefused, match="declined already, by os:bob"):
            await two.changing.decide(id, decision, "r", bob)  # type: ignore[arg-type]
    assert two.resources("ToolPack") == [] and not seen(two, id, bob).may_decide


async def test_what_has_moved_is_not_approved(two: Desk, who: Callable[[str], Principal]) -> None:
    """When what it changes has changed since, it is outdated and cannot be approved; it can still be declined or withdrawn."""
    first = await propose(two, of(POLICY.replace("today", "ever")), who("ann"))
    second = await propose(two, of("", ("Policy", "no-exports")), who("ann"))
    await two.changing.decide(first, "applied", "", who("bob"))
    before = in_force(two)
    assert seen(two, second, who("bob")).outdated
    with pytest.raises(ChangeRefused) as refused:
        await two.changing.decide(second, "applied", "", who("bob"))
    assert refused.value.kind == "moved" and in_force(two) == before
    await two.changing.decide(second, "withdrawn", "over", who("ann"))


async def test_two_who_approve_at_once_apply_it_once(two: Desk, who: Callable[[str], Principal]) -> None:
    """The second finds it decided; of two edits with the same base only one is made."""
    id = await propose(two, of(PACK), who("ann"))
    done = await asyncio.gather(*(two.changing.decide(id, "applied", "", who(name)) for name in ("bob", "cy")), return_exceptions=True)
    assert [type(one) for one in done] == [Applied, ChangeRefused]
    await two.changing.make(of(TWO.replace("true", "false")), who("os:ann"), Terms(alone=True, reason="one is enough now"))
    edits = (msgspec.structs.replace(of(POLICY.replace("today", word)), bases={"Policy/no-exports": 1}) for word in ("ever", "here"))
    made = await asyncio.gather(*(two.changing.make(edit, who("ann"), Terms()) for edit in edits), return_exceptions=True)
    assert [type(one) for one in made] == [Applied, ChangeRefused] and two.resources("Policy")[0].version == 2


async def test_it_is_checked_again_against_what_is_stored_then(two: Desk, who: Callable[[str], Principal]) -> None:
    """A proposal that fitted when it was made and does not fit any more is refused, and stays open."""
    await two.changing.decide(await propose(two, of(PACK), who("ann")), "applied", "", who("bob"))
    uses = of("kind: Policy\nname: wait\nspec: {effect: deny, selector: {packs: [desk]}}\n")
    uses_it, deletes_it = await propose(two, uses, who("ann")), await propose(two, of("", ("ToolPack", "desk")), who("ann"))
    await two.changing.decide(deletes_it, "applied", "", who("bob"))
    with pytest.raises(DocumentError, match="no tool pack 'desk'"):
        await two.changing.decide(uses_it, "applied", "", who("bob"))
    assert seen(two, uses_it, who("bob")).state == "open" and len(two.resources("Policy")) == 1


async def test_the_local_administrator_may_do_without(two: Desk, who: Callable[[str], Principal], recorded: Callable[[], Recorded]) -> None:
    """Alone, with a reason, on the machine itself, and the record says so; it says nothing where nobody else is asked for."""
    wanted, before = of(PACK), in_force(two)
    for by, terms in (
        (who("ann"), Terms(reason="now", alone=True)),
        (who("os:ann"), Terms(alone=True)),
        (who("os:ann"), Terms(reason=" ", alone=True)),
    ):
        with pytest.raises(ChangeRefused):
            await two.changing.make(wanted, by, terms)
    assert in_force(two) == before
    done = await two.changing.make(wanted, who("os:ann"), Terms(reason="the other one sleeps", alone=True))
    assert done.proposal is None and two.resources("ToolPack")
    last = recorded()[-1][0]
    assert isinstance(last, ConfigChanged) and (last.alone, last.reason) == (True, "the other one sleeps")
    await two.changing.make(of(TWO.replace("true", "false")), who("os:ann"), Terms(reason="enough", alone=True))
    await two.changing.make(of("", ("ToolPack", "desk")), who("os:ann"), Terms(reason="r", alone=True))
    last = recorded()[-1][0]
    assert isinstance(last, ConfigChanged) and not last.alone


async def test_a_dry_run_and_a_mistake_leave_no_proposal(two: Desk, who: Callable[[str], Principal]) -> None:
    """What is only tried says that it would wait; what is wrong is refused when it is asked for, not when it is approved."""
    tried = await two.changing.make(of(PACK), who("ann"), Terms(dry_run=True))
    assert tried.needs_second and tried.proposal is None
    with pytest.raises(DocumentError):
        await two.changing.make(of(POLICY.replace("deny", "redact, redact: [nothing]")), who("ann"), Terms())
    same = await two.changing.make(of(POLICY), who("ann"), Terms())
    assert same.proposal is None and not same.needs_second
    with two.store.read() as connection:
        assert read_proposals(connection) == []


async def test_what_cannot_be_recorded_is_neither_proposed_nor_approved(
    two: Desk, who: Callable[[str], Principal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its record nothing is stored, and the proposal stays open."""
    id = await propose(two, of(PACK), who("ann"))

    async def fails(*_: object) -> None:
        raise LogUnavailable("disk_full")

    monkeypatch.setattr(Desk, "record", fails)
    for made in (
        two.changing.make(of(POLICY.replace("today", "ever")), who("ann"), Terms()),
        two.changing.decide(id, "applied", "", who("bob")),
    ):
        with pytest.raises(LogUnavailable):
            await made
    monkeypatch.undo()
    assert seen(two, id, who("bob")).state == "open" and two.resources("ToolPack") == []
    with two.store.read() as connection:
        assert len(read_proposals(connection)) == 1


async def test_people_are_told_apart_across_restarts(
    two: Desk, settings: Settings, vault: Vault, book: Book, who: Callable[[str], Principal]
) -> None:
    """Another process, with its own connection to state, still knows whose proposal it is."""
    id = await propose(two, of(PACK), who("ann"))
    fresh = open_state(settings)
    try:
        desk = Desk(Journal(fresh, book, vault.subject), "http://127.0.0.1:8401")
        with pytest.raises(ChangeRefused, match="of their own"):
            await desk.changing.decide(id, "applied", "", who("ann"))
        assert await desk.changing.decide(id, "applied", "", who("bob")) is not None
    finally:
        fresh.close()
    assert two.resources("ToolPack")


async def test_one_person_changes_nothing_whatever_they_try(two: Desk, who: Callable[[str], Principal]) -> None:
    """Property: however one administrator edits, deletes, approves and withdraws, in a session or with a token of theirs, what is in force stays."""
    dice, before, ids = random.Random(11), in_force(two), ["chg_none"]
    token = make_principal(Person(id="ann", groups=("admins",)), who("ann").subject, "token", "tok_1")
    edits = [of(PACK), of(POLICY.replace("today", "ever")), of(TWO.replace("true", "false")), of("", ("Policy", "no-exports"))]
    edits += [of(TWO.replace("second", "grant_hours_max: 3, second")), of(PACK, ("Governance", "default"))]
    for _ in range(120):
        by = dice.choice([who("ann"), token])
        with contextlib.suppress(ChangeRefused, DocumentError):
            if dice.random() < 0.5:
                done = await two.changing.make(dice.choice(edits), by, Terms(reason="r", alone=dice.random() < 0.3))
                ids.append(done.proposal or "chg_none")
            else:
                await two.changing.decide(dice.choice(ids), dice.choice(["applied", "declined", "withdrawn"]), "r", by)
        assert in_force(two) == before
    await two.changing.decide(await propose(two, of(PACK), who("ann")), "applied", "", who("bob"))
    assert in_force(two) != before
