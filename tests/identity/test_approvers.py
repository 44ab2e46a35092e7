"""Who may decide about what."""

from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.approvers import approvers_of, decides_about, in_person, is_administrator
from gatebook.identity.directory import Principal, make_principal
from gatebook.state.governance import GovernanceSpec
from gatebook.state.policies import PolicySpec
from gatebook.state.snapshot import Person, Rules

RULES = Rules(
    policies={
        "one": PolicySpec(effect="require_approval", approvers=("leads", "Cy@Example.com")),
        "two": PolicySpec(effect="require_approval", approvers=("legal",)),
        "bare": PolicySpec(effect="require_approval"),
    },
    governance=GovernanceSpec(approvers=("security", "two@example.com")),
)
ALL = ("one", "two", "bare", "gone")
NAMES = st.sampled_from(["leads", "legal", "security", "sales", "everyone", "*", "", "auditors"])


def who(id: str, *groups: str, email: str = "") -> Principal:
    """Somebody who is signed in."""
    return make_principal(Person(id=id, email=email, groups=groups), "s", "session")


def test_each_decides_about_what_they_are_named_for() -> None:
    """By group, id or address, in any case; approvers of all and administrators about everything, also what is no policy."""
    assert decides_about(who("bob", "LEADS"), RULES, ALL) == ("one",)
    assert decides_about(who("x", email="cy@example.com"), RULES, ALL) == ("one",)
    assert decides_about(who("two@example.com"), RULES, ALL) == ALL
    assert decides_about(who("bob", "security"), RULES, ALL) == ALL
    assert decides_about(who("bob", "admins"), RULES, ALL) == decides_about(who("bob", "Admins"), RULES, ALL) == ALL
    assert decides_about(who("bob", "leads", "legal"), RULES, ("two", "one")) == ("two", "one")
    host = make_principal(Person(id="os:root"), "s", "socket")
    assert is_administrator(host) and decides_about(host, RULES, ALL) == ALL


def test_a_program_with_a_token_is_nobody_in_person() -> None:
    """The same person may act in the console and on the host, and not by an access token or without one."""
    admin = Person(id="bob", groups=("admins",))
    by = {auth: make_principal(admin, "s", auth) for auth in ("session", "socket", "token", "profile")}  # type: ignore[arg-type]
    assert {auth for auth, one in by.items() if in_person(one)} == {auth for auth, one in by.items() if is_administrator(one)}
    assert not in_person(by["token"]) and not in_person(by["profile"]) and in_person(by["session"]) and in_person(by["socket"])


def test_who_may_decide_is_told_once_each() -> None:
    """Those of the policy, then those of all; of what is no policy, those of all."""
    assert approvers_of(RULES, "one") == ("leads", "Cy@Example.com", "security", "two@example.com")
    assert approvers_of(RULES, "gone") == ("security", "two@example.com")


@given(st.lists(NAMES, max_size=4), NAMES)
def test_nobody_decides_who_is_not_named(groups: list[str], id: str) -> None:
    """Whatever somebody's groups and id are, they decide about a policy only where one of these names stands; empty names name nobody."""
    allowed = decides_about(who(id, *groups), RULES, ALL)
    own = {id, *groups} - {""}
    everything = "security" in own
    assert set(allowed) == (set(ALL) if everything else {name for name, needed in (("one", "leads"), ("two", "legal")) if needed in own})
