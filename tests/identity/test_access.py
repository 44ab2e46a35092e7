"""What a principal sees, under one snapshot."""

import pytest

from gatebook.identity.access import Accesses, built_in_access
from gatebook.identity.directory import make_principal
from gatebook.query import parse
from gatebook.query.groups import GROUPS
from gatebook.state.roles import BUILT_IN, RoleSpec
from gatebook.state.snapshot import Person, Snapshot

PEOPLE = {
    one.id: one
    for one in (
        Person(id="lead", groups=("team-leads",)),
        Person(id="ann", manager="lead"),
        Person(id="bob", manager="ann"),
        Person(id="eve"),
        Person(id="round", manager="circle", groups=("team-leads",)),
        Person(id="circle", manager="round"),
        Person(id="nora", groups=("admins",)),
        Person(id="quiz", groups=("quiz",)),
    )
}
QUIZ = RoleSpec(grants={"metadata": "all", "arguments": "all"}, groups=("quiz",), reason_required=True)
ACCESSES = Accesses(Snapshot(people=PEOPLE, roles={"quiz": QUIZ}), lambda person: f"s-{person}")


def test_the_team_is_whoever_is_below_in_the_chain_of_managers() -> None:
    """Of any depth; a chain in a circle ends; what is not granted to a team stays one's own."""
    lead = ACCESSES.of_person(PEOPLE["lead"])
    assert lead.team == {"s-ann", "s-bob"} and lead.reach == "team"
    assert lead.sees("s-bob", "policy") and not lead.sees("s-eve", "metadata") and not lead.sees("s-bob", "arguments")
    assert lead.sees("s-lead", "arguments") and not lead.sees("s-lead", "evidence")
    assert ACCESSES.of_person(PEOPLE["round"]).team == {"s-round", "s-circle"}
    assert ACCESSES.of_person(PEOPLE["ann"]).team == frozenset()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_role_shows_what_its_row_says(name: str) -> None:
    """Beside what everybody sees of their own calls."""
    access = ACCESSES.of_person(Person(id="x", groups=BUILT_IN[name].groups))
    for group in GROUPS:
        scope, own = BUILT_IN[name].grants.get(group, "none"), "own" if group != "evidence" else "none"
        assert access.scope(group) == (scope if scope in ("team", "all") else own), group


def test_single_fields_show_rows_without_the_rest() -> None:
    """What is hidden names the group, and the columns but for those fields."""
    access = built_in_access(make_principal(Person(id="it", groups=("it-support",)), "me", "session"))
    assert access.lists("other") and "metadata" in access.hidden("other") and "failure" not in access.hidden("other")
    hidden = access.hidden_columns("other")
    assert not {"call_id", "time", "connector", "status", "error_class"} & set(hidden)
    assert {"tool", "person", "duration_us", "stream", "arguments"} <= set(hidden)
    assert access.hidden("me") == ("evidence",) and access.hidden_columns("me") == ("fingerprints",)


def test_the_root_of_the_machine_sees_everything() -> None:
    """And queries of whoever does are not touched."""
    access = ACCESSES.of(make_principal(PEOPLE["eve"], "s-eve", "socket"))
    query = parse("person:ann fingerprint:x")
    assert access.is_whole and access.roles == ("host",) and access.confined(query) is query
    assert not ACCESSES.of(make_principal(PEOPLE["nora"], "s-nora", "session")).is_whole


def test_payloads_of_others_wait_for_a_reason_where_a_role_asks_for_one() -> None:
    """Own ones do not; the reason goes with the access."""
    principal = make_principal(PEOPLE["quiz"], "s-quiz", "session")
    without, given = ACCESSES.of(principal), ACCESSES.of(principal, "case 7")
    assert without.asks_reason and not without.sees("s-eve", "arguments") and without.sees("s-quiz", "arguments")
    assert not given.asks_reason and given.sees("s-eve", "arguments") and given.reason == "case 7"


def test_a_preview_is_bounded_by_its_viewer() -> None:
    """An administrator who looks as an analyst sees metadata and failure; as a person, that person's rows."""
    admin = ACCESSES.of(make_principal(PEOPLE["nora"], "s-nora", "session"))
    analyst = ACCESSES.of_role("security_analyst", make_principal(PEOPLE["nora"], "s-nora", "session"))
    assert analyst is not None
    seen = admin.preview(analyst)
    assert {group for group in GROUPS if seen.scope(group) != "none"} == {"metadata", "failure"}
    ann = ACCESSES.of_id("ANN")
    assert ann is not None and admin.preview(ann).lists("s-ann") and not admin.preview(ann).lists("s-nora")
    assert ACCESSES.of_id("nobody") is None and ACCESSES.of_role("nobody", make_principal(PEOPLE["nora"], "s", "session")) is None
