"""Scopes: whatever is chosen comes out, and nothing else changes."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Sources
from gatebook.policy.narrow import Cut
from gatebook.policy.request import Hints
from gatebook.policy.selectors import Selector
from gatebook.state.documents import parse_documents
from gatebook.state.owned import narrowing, text_of
from gatebook.state.policies import PolicySpec, ToolPackSpec
from gatebook.state.scoping import SCOPES, Scope, ScopeError, Wish, World, scoped
from gatebook.state.snapshot import Rules

NOON_US = 1_767_614_400_000_000
TOOLS = {"list": Hints(read_only=True), "get": Hints(), "delete": Hints(destructive=True)}
GROUPS = ("sales", "HR & people", "eng")
CONNECTORS = {
    "nobody": AccessRules(connector="crm"),
    "everybody": AccessRules(connector="crm", groups=("everyone",)),
    "sales": AccessRules(connector="crm", groups=("Sales",), tools_allow=("list", "get")),
}


def world(access: AccessRules = CONNECTORS["nobody"], default: str = "allow", **rules: object) -> World:
    """A CRM with three tools, and three groups."""
    sources = Sources(access=(access, AccessRules(connector="mail", groups=GROUPS)), default=default, hash="0" * 16)  # type: ignore[arg-type]
    empty = World(connector="crm", tools=TOOLS, groups=GROUPS, rules=Rules(), sources=sources, time_us=NOON_US)
    return empty.with_rules(Rules(**rules))  # type: ignore[arg-type]


def after(before: World, *wishes: Wish) -> World:
    """The world with the draft in force, as its text reads."""
    rules = before.rules
    documents = parse_documents(text_of(scoped(before, wishes)), "draft")
    packs = {one.name: one.spec for one in documents if one.kind == "ToolPack"}
    policies = {one.name: one.spec for one in documents if one.kind == "Policy"}
    return before.with_rules(replace(rules, packs={**rules.packs, **packs}, policies={**rules.policies, **policies}))


def wish(scope: Scope, tool: str = "get", group: str = "sales") -> Wish:
    """One."""
    return Wish(tool=tool, group=group, scope=scope)  # type: ignore[arg-type]


def table(of: World) -> dict[tuple[str, str], Scope]:
    """The scope of each tool and group."""
    return {place: SCOPES[one.outcome] for place, one in of.cells().items()}


@pytest.mark.parametrize(
    ("access", "default", "start", "to"),
    list(product(CONNECTORS, ("allow", "deny"), ("as it is", "off", "allow", "ask"), ("off", "allow", "ask"))),
)
def test_from_each_scope_to_each(access: str, default: str, start: str, to: Scope) -> None:
    """Also one after the other: the cell is what was chosen, no other cell changes, and choosing it again changes nothing."""
    before = world(CONNECTORS[access], default)
    if start != "as it is":
        before = after(before, wish(start))  # type: ignore[arg-type]
    now = after(before, wish(to))
    assert table(now) == {**table(before), ("get", "sales"): to}
    assert scoped(now, [wish(to)]) == []


@given(
    access=st.sampled_from(sorted(CONNECTORS)),
    default=st.sampled_from(["allow", "deny"]),
    steps=st.lists(
        st.lists(
            st.builds(
                Wish, tool=st.sampled_from(sorted(TOOLS)), group=st.sampled_from(GROUPS), scope=st.sampled_from(["off", "allow", "ask"])
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda one: (one.tool, one.group),
        ),
        max_size=5,
    ),
)
@settings(max_examples=60)
def test_any_row_of_changes_comes_out_and_piles_nothing_up(access: str, default: str, steps: list[list[Wish]]) -> None:
    """After each step all cells are as they were chosen last; there are at most four documents for each group."""
    now = world(CONNECTORS[access], default)
    wanted = table(now)
    for step in steps:
        now = after(now, *step)
        wanted |= {(one.tool, one.group): one.scope for one in step}
        assert table(now) == wanted
    assert len(now.rules.packs) <= len(GROUPS) and len(now.rules.policies) <= 3 * len(GROUPS)


@pytest.mark.parametrize("to", ["off", "allow", "ask"])
def test_what_a_narrowing_took_comes_back_for_that_group_alone(to: Scope) -> None:
    """A policy over several groups goes on for the others, and members of both have the tool again."""
    access = AccessRules(connector="crm", groups=GROUPS)
    cut = Cut(connector="crm", tools=("get", "list"), groups=GROUPS[:2], people=("ann",))
    narrowed = {document.name: document.spec for document in narrowing([cut], Rules(), 90)}
    before = world(access, policies=narrowed)
    now = after(before, wish(to))
    assert table(now) == {**table(before), ("get", "sales"): to}
    if to == "allow":
        assert now.rules.policies["narrow-crm-2"].selector == Selector(
            groups=("HR & people",), people=("ann",), not_groups=("sales",), connectors=("crm",), tools=("get",)
        )
    alone = {document.name: document.spec for document in narrowing([Cut(connector="crm", tools=("get",), groups=("sales",))], Rules(), 90)}
    lifted = after(world(access, policies=alone), wish(to))
    assert table(lifted)["get", "sales"] == to
    assert to == "off" or (lifted.rules.policies["narrow-crm-sales"].mode == "observe" and "narrow-crm" not in lifted.rules.policies)


DENY = PolicySpec(effect="deny", selector=Selector(tools=("get",), groups=("sales", "eng")))
BLOCKERS: dict[str, tuple[World, Scope, str]] = {
    "another policy denies it": (world(policies={"no-get": DENY}), "allow", "no-get decides otherwise"),
    "the same, for ask": (world(policies={"no-get": DENY}), "ask", "no-get decides otherwise"),
    "the connector denies it": (world(AccessRules(connector="crm", tools_deny=("g*",))), "allow", "tools.deny[g*] decides otherwise"),
    "a condition denies it": (
        world(CONNECTORS["everybody"], policies={"big": replace(DENY, when="args.n > 1")}), "allow", "big decides otherwise",
    ),
    "another policy asks": (world(policies={"look": replace(DENY, effect="require_approval")}), "allow", "look decides otherwise"),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKERS)
def test_what_cannot_be_said_by_a_scope_is_refused_and_named(name: str) -> None:
    """What others have decided is not undone behind their backs: the sentence names it."""
    before, scope, word = BLOCKERS[name]
    with pytest.raises(ScopeError, match=word.replace("[", r"\[").replace("*", r"\*")):
        scoped(before, [wish(scope)])
    assert table(after(before, wish("off")))["get", "sales"] == "off"


def test_ask_is_stronger_than_a_condition() -> None:
    """Where it depends on arguments today, every call can be made to wait."""
    before = world(CONNECTORS["everybody"], policies={"big": replace(DENY, when="args.n > 1")})
    assert table(before)["get", "sales"] == "depends" and table(after(before, wish("ask")))["get", "sales"] == "ask"


def test_names_that_are_patterns_or_everybody_are_refused() -> None:
    """A policy about them would be about more than was chosen."""
    hostile = replace(world(), tools={**TOOLS, "*": Hints(), "get_?": Hints()}, groups=(*GROUPS, "*", "Everyone"))
    for one in (wish("off", "*"), wish("allow", "get_?"), wish("off", group="*"), wish("ask", group="Everyone"), wish("off", "nope")):
        with pytest.raises(ScopeError):
            scoped(hostile, [one])


def test_documents_that_somebody_made_their_own_are_left_alone() -> None:
    """A pack of that name with other people, and a policy with a condition, keep what they say; the draft takes the next names."""
    pack = ToolPackSpec(tools={"crm": ("list",), "mail": ("*",)})
    off = PolicySpec(effect="deny", selector=Selector(groups=("sales",), connectors=("crm",), tools=("list",)), when="args.n > 1")
    before = world(packs={"scope-crm-sales": pack}, policies={"scope-off-crm-eng": off})
    now = after(before, wish("allow"), wish("allow", group="eng"))
    assert now.rules.packs["scope-crm-sales"] == pack and now.rules.packs["scope-crm-sales-2"].tools == {"crm": ("get",)}
    now = after(now, wish("off", group="eng"))
    assert now.rules.policies["scope-off-crm-eng"] == off
