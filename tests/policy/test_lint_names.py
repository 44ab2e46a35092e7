"""Names that nothing has."""

from gatebook.policy.bundle import Sources
from gatebook.policy.lint_names import Known, unknown_names
from gatebook.policy.rules import Grant, Rule
from gatebook.policy.selectors import Selector, ToolPack

KNOWN = Known(
    people=frozenset({"ana", "Ana@corp.example"}),
    service_accounts=frozenset({"bot"}),
    groups=frozenset({"Sales", "hr"}),
    clients=frozenset({"Claude Code", "Cursor"}),
    tools={"crm": {"list": None, "get_all": None}, "mail": {"send_message": None}, "new": {}},
)


def found(rule: Selector | None = None, **more: object) -> list[tuple[str, str, str | None]]:
    """Return rule, path and nearest name of what is unknown."""
    rules = () if rule is None else (Rule(id="r", effect="deny", selector=rule),)
    return [(one.rule, one.path, one.nearest) for one in unknown_names(Sources(hash="0" * 16, rules=rules, **more), KNOWN)]


def test_names_that_exist_are_no_problem() -> None:
    """In any case for people, groups and clients; by pattern for clients, connectors and tools; everybody by both words."""
    good = Selector(
        people=("ANA", "ana@CORP.example", "bot", "everyone"),
        groups=("sales", "*"),
        service_accounts=("*",),
        clients=("claude*",),
        connectors=("c*",),
        tools=("get_*",),
    )
    assert found(good) == []


def test_each_unknown_name_is_named_with_the_nearest() -> None:
    """With the path of its field."""
    bad = Selector(people=("anna",), not_groups=("saless",), clients=("cursr",), connectors=("crn",), service_accounts=("bott",))
    assert found(bad) == [
        ("r", "selector.people", "ana"),
        ("r", "selector.not_groups", "Sales"),
        ("r", "selector.service_accounts", "bot"),
        ("r", "selector.clients", "Cursor"),
        ("r", "selector.connectors", "crm"),
    ]


def test_tools_are_those_of_the_selected_connectors() -> None:
    """A tool of another connector is unknown here; of a connector whose tools are not known yet nothing is said."""
    assert found(Selector(connectors=("crm",), tools=("send_mesage",))) == [("r", "selector.tools", None)]
    assert found(Selector(connectors=("mail",), tools=("send_mesage",))) == [("r", "selector.tools", "send_message")]
    assert found(Selector(connectors=("mail", "new"), tools=("whatever",))) == []


def test_packs_and_grants_are_looked_at_too() -> None:
    """Their people, connectors and tools."""
    pack = ToolPack(name="p", tools={"crm": ("lst",), "nail": ("x",)}, groups=("hrr",))
    grant = Grant(id="g", person="eve", connector="crm", tool="get_al", until_us=1)
    assert found(packs=(pack,), grants=(grant,)) == [
        ("pack/p", "groups", "hr"),
        ("pack/p", "tools.crm", "list"),
        ("pack/p", "tools", "mail"),
        ("grant/g", "person", None),
        ("grant/g", "tool", "get_all"),
    ]


def test_what_is_not_known_is_passed_over() -> None:
    """Without a directory or a catalogue nothing is unknown."""
    rule = Rule(
        id="r",
        effect="deny",
        selector=Selector(people=("x",), groups=("x",), connectors=("x",), tools=("x",), clients=("x",)),
        approvers=("x",),
    )
    assert not list(unknown_names(Sources(hash="0" * 16, rules=(rule,)), Known()))


def test_a_grant_lifts_only_rules_that_deny() -> None:
    """Another rule, or none, under that name is pointed out, with or without a directory."""
    grant = Grant(id="g", person="ana", connector="crm", tool="list", until_us=1, except_rules=("stop", "stp", "ask"))
    rules = (Rule(id="stop", effect="deny"), Rule(id="ask", effect="require_approval"))
    problems = unknown_names(Sources(hash="0" * 16, rules=rules, grants=(grant,)), Known())
    assert [(one.path, one.text, one.nearest) for one in problems] == [
        ("except_rules", "there is no policy that denies and is called 'stp'", "stop"),
        ("except_rules", "there is no policy that denies and is called 'ask'", None),
    ]
