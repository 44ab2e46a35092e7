"""A small world for tests of policy: few people, connectors and tools, and every kind of rule over them."""

import json
from collections.abc import Iterable

from hypothesis import strategies as st

from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.engine import default_engine
from gatebook.policy.request import Hints, Request
from gatebook.policy.rules import Grant, Limit, Rule
from gatebook.policy.selectors import Selector, ToolPack
from gatebook.policy.windows import Window

HASH = "0123456789abcdef"
ENGINE = default_engine()
NOON_US = 1_767_614_400_000_000  # Monday 2026-01-05 12:00 UTC
HOUR_US = 3_600_000_000
GROUPS, TOOLS = ("sales", "hr", "eng"), ("list", "get_a", "get_b", "delete")
CONDITIONS = (
    "args.limit > 10",
    "args.?limit.orValue(0) > 10",
    "has(args.q) && args.q.contains('x')",
    "'q' in args",
    "hour >= 22",
    "weekday == 'mon' && 'sales' in groups",
    "domain(email) == 'corp.example'",
    "in_cidr(source_ip, '10.0.0.0/8')",
    "client == 'Cursor' || tool.startsWith('get')",
)


def everyone(*connectors: str) -> tuple[AccessRules, ...]:
    """Everybody may use these connectors."""
    return tuple(AccessRules(connector=name, groups=("everyone",)) for name in connectors)


def bundle(*rules: Rule, default: str = "allow", access: Iterable[AccessRules] = everyone("crm", "mail"), **more: object) -> Bundle:
    """Compile these rules; everybody is granted crm and mail."""
    return Bundle.compile(Sources(rules=rules, access=tuple(access), default=default, hash=HASH, **more), ENGINE)


def asking(tool: str | None = "list", args: object = None, **more: object) -> Request:
    """Ana of sales asks crm for a tool, on a Monday at noon, from 10.1.2.3."""
    raw = None if args is None else args if isinstance(args, bytes) else json.dumps(args).encode()
    facts = {"person": "ana", "email": "ana@corp.example", "groups": ("sales",), "client": "Cursor", "connector": "crm"}
    return Request(**{**facts, "tool": tool, "arguments": raw, "time_us": NOON_US, "source_ip": "10.1.2.3", **more})


def some(values: Iterable[str], size: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of these, mostly none, so that selectors are narrow in few dimensions only."""
    return st.one_of(st.just(()), st.just(()), st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=size, unique=True).map(tuple))


hints = st.builds(
    Hints, **dict.fromkeys(("read_only", "destructive", "idempotent", "open_world"), st.sampled_from([None, None, True, False]))
)
no_hints = st.one_of(st.just(Hints()), st.just(Hints()), hints)
selectors = st.builds(
    Selector,
    people=some(["ana", "Bob@corp.example", "everyone", "bot"]),
    not_people=some(["ana", "bob", "*"], 1),
    groups=some([*GROUPS, "Sales", "*"]),
    not_groups=some([*GROUPS, "everyone"], 1),
    service_accounts=some(["bot", "*"], 1),
    clients=some(["cursor", "C*", "?laude"]),
    connectors=some(["crm", "c*", "mail", "*"]),
    tools=some([*TOOLS, "get_*", "*e*", "get_?", "*", "*t"]),
    packs=some(["readers", "all"], 1),
    hints=no_hints,
    times=st.one_of(
        st.just(()),
        st.just(()),
        st.sampled_from([(Window(from_="08:00", to="18:00"),), (Window(days=("sun",), from_="22:00", to="13:00"),)]),
    ),
    networks=some(["10.0.0.0/8", "192.168.0.0/16"], 1),
    not_networks=some(["10.1.0.0/16"], 1),
)
PACKS = (
    ToolPack(name="readers", tools={"c*": ("get_*", "list")}, groups=("hr",)),
    ToolPack(name="all", tools={"*": ("*",)}, people=("bob",)),
)


@st.composite
def rules(draw: st.DrawFn, effects: tuple[str, ...] = ("allow", "deny", "require_approval", "redact", "alert_only")) -> Rule:
    """Draw a rule; its id says nothing yet."""
    effect = draw(st.sampled_from(effects))
    return Rule(
        id="r",
        effect=effect,
        mode=draw(st.sampled_from(["enforce", "enforce", "enforce", "observe"])),
        selector=draw(selectors),
        when=draw(st.one_of(st.none(), st.sampled_from(CONDITIONS))),
        redact=("pii/*",) if effect == "redact" else (),
        limit=None if effect == "allow" else draw(st.sampled_from([None, None, None, Limit(per_s=60, calls_max=1, by=("group", "tool"))])),
    )


def numbered(some_rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Give each rule an id of its own."""
    return tuple(
        Rule(**{**{name: getattr(rule, name) for name in rule.__struct_fields__}, "id": f"r{n}"}) for n, rule in enumerate(some_rules)
    )


accesses = st.lists(
    st.builds(
        AccessRules,
        connector=st.just("crm"),
        people=some(["ana", "bob@corp.example"]),
        groups=some(["sales", "everyone", "hr"]),
        tools_allow=st.sampled_from([("*",), ("*",), ("get_*",), ("list", "delete")]),
        tools_deny=st.sampled_from([(), (), ("delete",), ("get_?",)]),
    ),
    max_size=1,
).map(tuple)
temporary = st.lists(
    st.builds(
        Grant,
        id=st.sampled_from(["g1", "g2"]),
        person=st.sampled_from(["ana", "ANA@corp.example", "bob"]),
        connector=st.sampled_from(["crm", "mail"]),
        tool=st.sampled_from(TOOLS),
        until_us=st.sampled_from([NOON_US - 1, NOON_US + 1]),
        except_rules=some(["r0", "r1", "r2"]),
    ),
    max_size=2,
    unique_by=lambda grant: grant.id,
).map(tuple)
sources = st.builds(
    Sources,
    access=accesses,
    packs=st.just(PACKS),
    rules=st.lists(rules(), max_size=6).map(numbered),
    grants=temporary,
    default=st.sampled_from(["allow", "deny"]),
    hash=st.just(HASH),
)
arguments = st.sampled_from([None, b"{}", b'{"limit":5}', b'{"limit":50,"q":"xy"}', b'{"limit":"a"}', b'{"q":"x","q":"y"}', b"[1]", b"{"])
requests = st.builds(
    Request,
    person=st.sampled_from(["ana", "bob", "bot", "", "eve"]),
    email=st.sampled_from(["ana@corp.example", "BOB@corp.example", ""]),
    kind=st.sampled_from(["person", "person", "service"]),
    groups=some([*GROUPS, "HR"], 3),
    client=st.sampled_from(["Cursor", "Claude", ""]),
    connector=st.sampled_from(["crm", "crm", "mail"]),
    tool=st.sampled_from([*TOOLS, *TOOLS, None]),
    connect=st.just(False),
    hints=no_hints,
    source_ip=st.sampled_from(["10.1.2.3", "10.9.9.9", "8.8.8.8", "", "::ffff:10.1.2.3"]),
    time_us=st.sampled_from([NOON_US, NOON_US + 11 * HOUR_US, NOON_US - 24 * HOUR_US]),
    arguments=arguments,
    approvals=st.sampled_from([frozenset(), frozenset(), frozenset({"r0"}), frozenset({"r0", "r1", "r2", "r3"})]),
)
