"""Policies that are drafted for people, found again and edited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.narrow import Cut
from gatebook.state.documents import parse_documents
from gatebook.state.guardrails import GuardrailSpec
from gatebook.state.owned import base_name, emptied, narrowing, numbered, text_of
from gatebook.state.policies import PolicySpec
from gatebook.state.snapshot import Rules


def cut(to: str = "sales", *tools: str, kind: str = "group", **more: tuple[str, ...]) -> Cut:
    """Tools of the CRM that somebody shall no longer have."""
    return Cut(connector="crm", tools=tools or ("list",), **{"groups" if kind == "group" else "people": (to,), **more})


def after(rules: Rules, *cuts: Cut) -> Rules:
    """The rules with the draft in force."""
    drafted = {document.name: document.spec for document in narrowing(cuts, rules, 90)}
    return replace(rules, policies={**rules.policies, **drafted})


@given(
    st.lists(st.sampled_from(["sales", "Sales", "a b", "a-b", "<b>ops</b>", "名", "ann@corp.example", "x" * 200, "everyone"]), max_size=5),
    st.sampled_from(["group", "person"]),
)
def test_drafts_are_documents_that_can_be_read_back(names: list[str], kind: str) -> None:
    """Whatever a group is called: the names are valid, each holder has a policy of their own, and the text gives the same again."""
    made = narrowing([cut(name, "get_a", kind=kind) for name in names], Rules(), 90)
    documents = parse_documents(text_of(made), "draft")
    assert [(one.name, one.spec) for one in documents] == [(one.name, one.spec) for one in made]
    assert len({one.name for one in made}) == len(made) == len(names)
    assert [(*one.spec.selector.groups, *one.spec.selector.people) for one in made] == [(name,) for name in names]


def test_the_policy_reads_well() -> None:
    """One that denies, can be asked about, says where it comes from, and tests itself."""
    (made,) = narrowing([cut("sales", "list", "get", not_people=("ann",))], Rules(), 90)
    assert made.yaml == POLICY


POLICY = """kind: Policy
name: narrow-crm-sales
spec:
  effect: deny
  description: 'Least privilege: nobody of sales used these 2 tools of crm in 90 days. Drafted by the report of unused grants.
    Delete this policy to give them back.'
  selector:
    not_people:
    - ann
    groups:
    - sales
    connectors:
    - crm
    tools:
    - get
    - list
  reason: This was not used in 90 days, so it was taken back. Ask for it when you need it.
  severity: low
  requestable: true
  approvers:
  - admins
  tests:
  - person: somebody
    groups:
    - sales
    connector: crm
    tool: get
    expect: deny
"""


def test_several_holders_are_named_with_a_test_each() -> None:
    """A few in words; a group that hides characters hides nothing; everybody is a person in no group."""
    groups = ("a", "b", "everyone", "x\u202ey", "c", "d", "e", "f")
    (made,) = narrowing([cut("", "list", groups=groups, people=("ann",))], Rules(), 30)
    assert made.name == "narrow-crm" and "nobody of a, b, everyone, x<U+202E>y, c, d and 3 more used this tool" in made.spec.description
    assert [case.groups for case in made.spec.tests] == [("a",), ("b",), (), ("x\u202ey",), ("c",), ("d",)]
    (made,) = narrowing([cut("ann", "list", kind="person")], Rules(), 30)
    assert [(case.person, case.groups) for case in made.spec.tests] == [("ann", ())] and made.name == "narrow-crm-ann"


def test_more_tools_come_into_the_policy_that_is_there() -> None:
    """Also when somebody has changed its words and approvers, which stay."""
    rules = after(Rules(), cut("sales", "list"))
    mine = replace(rules.policies["narrow-crm-sales"], approvers=("leads",), reason="Ask the leads.")
    rules = after(replace(rules, policies={"narrow-crm-sales": mine}), cut("sales", "get"))
    (spec,) = rules.policies.values()
    assert (spec.selector.tools, spec.approvers, spec.reason) == (("get", "list"), ("leads",), "Ask the leads.")


@pytest.mark.parametrize("change", [{"mode": "observe"}, {"when": "args.x > 1"}, {"effect": "alert_only"}])
def test_what_somebody_has_made_their_own_is_left_alone(change: dict[str, str]) -> None:
    """A policy that decides otherwise than it was drafted keeps its name and content; the draft takes the next name."""
    rules = after(Rules(), cut("sales", "list"))
    own = replace(rules.policies["narrow-crm-sales"], **change)
    rules = after(replace(rules, policies={"narrow-crm-sales": own}), cut("sales", "get"))
    assert rules.policies["narrow-crm-sales"] == own and rules.policies["narrow-crm-sales-2"].selector.tools == ("get",)


def test_names_of_guardrails_are_not_taken() -> None:
    """A record could not tell a policy and a guardrail of one name apart."""
    rail = GuardrailSpec(detectors=("secret/*",), action="block")
    assert list(after(Rules(guardrails={"narrow-crm-sales": rail}), cut()).policies) == ["narrow-crm-sales-2"]


def test_an_emptied_policy_is_filled_again() -> None:
    """It only observes meanwhile, because a policy about no tool would be about all; what it held is forgotten."""
    rules = after(Rules(), cut("sales", "list"))
    empty = emptied(rules.policies["narrow-crm-sales"])
    assert empty.mode == "observe" and empty.selector.tools and not empty.tests
    rules = after(replace(rules, policies={"narrow-crm-sales": empty}), cut("sales", "get"))
    (spec,) = rules.policies.values()
    assert isinstance(spec, PolicySpec) and (spec.mode, spec.selector.tools) == ("enforce", ("get",))


def test_names_are_short_and_end() -> None:
    """A connector and a group of any length fit; a hundred of one name are an error, not an endless search."""
    assert base_name("scope-off", "c" * 32, "Sales & Marketing (EMEA) of the North") == f"scope-off-{'c' * 32}-sales-marketing-emea"
    with pytest.raises(ValueError, match="delete some"):
        list(numbered("x"))
