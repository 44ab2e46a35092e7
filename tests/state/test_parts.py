"""What the specs of all kinds have in common, and that each can be written down and read back."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gatebook.query.groups import GROUPS
from gatebook.state.documents import KINDS, DocumentError, parse_documents, render
from gatebook.state.parts import Part
from gatebook.state.roles import SCOPES

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(str.strip)
SINGLE = ("AiClients", "Governance")
"""Kinds of which there is one document."""
ALL = {
    "Connector": {"transport": "http", "url": "https://x.example/mcp"},
    "Policy": {"effect": "deny"},
    "Guardrail": {"action": "log", "detectors": ["pii/*"]},
    "Detector": {"pattern": "x", "examples": ["x"]},
    "ToolPack": {"tools": {"crm": ["*"]}},
    "Role": {"grants": {"metadata": "all"}},
    "IdentityProvider": {"issuer": "https://idp.example", "client_id": "gatebook"},
    "AiClients": {},
    "Governance": {},
}
TEXTS = st.lists(TEXT, max_size=3)
SELECTORS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("people", "not_people", "groups", "not_groups", "clients", "connectors", "tools", "packs"), TEXTS),
        "hints": st.dictionaries(st.sampled_from(["read_only", "destructive", "idempotent", "open_world"]), st.booleans()),
        "times": st.lists(st.fixed_dictionaries({"from": st.just("08:00"), "zone": TEXT}), max_size=2),
    },
)
ARGUMENTS = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT | st.lists(TEXT, max_size=2), max_size=3)
CASES = st.lists(
    st.fixed_dictionaries(
        {"person": TEXT, "connector": TEXT, "tool": TEXT, "args": ARGUMENTS, "expect": st.sampled_from(["allow", "deny"])}
    ),
    max_size=2,
)
SPECS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "Connector": st.fixed_dictionaries(
        {"transport": st.just("stdio"), "command": st.lists(TEXT, min_size=1, max_size=3)},
        optional={"title": TEXT, "allow": st.fixed_dictionaries({"people": TEXTS, "groups": TEXTS}), "tools": st.fixed_dictionaries({"deny": TEXTS}),
                  "tool_approval": st.sampled_from(["first", "review", "none"])},
    ),
    "Policy": st.fixed_dictionaries(
        {"effect": st.sampled_from(["deny", "require_approval", "allow", "alert_only"])},
        optional={"description": TEXT, "selector": SELECTORS, "when": TEXT, "reason": TEXT, "tests": CASES, "mode": st.just("observe")},
    ),
    "Guardrail": st.fixed_dictionaries(
        {"detectors": st.lists(TEXT, min_size=1, max_size=3), "action": st.sampled_from(["log", "redact", "mask_last4", "hash", "block"])},
        optional={"parts": st.just(["response"]), "min_count": st.integers(1, 99), "selector": SELECTORS, "reason": TEXT},
    ),
    "Detector": st.fixed_dictionaries(
        {"pattern": TEXT, "examples": st.lists(TEXT, min_size=1, max_size=3)},
        optional={"title": TEXT, "probe": TEXT, "validator": TEXT, "context": TEXTS, "non_examples": TEXTS},
    ),
    "ToolPack": st.fixed_dictionaries(
        {"tools": st.dictionaries(TEXT, st.lists(TEXT, min_size=1, max_size=3), min_size=1, max_size=3)},
        optional={"description": TEXT, "allow": st.fixed_dictionaries({"people": TEXTS, "groups": TEXTS})},
    ),
    "Role": st.fixed_dictionaries(
        {"grants": st.dictionaries(st.sampled_from(GROUPS), st.sampled_from(SCOPES)).map(lambda grants: {**grants, "metadata": "all"})},
        optional={"description": TEXT, "groups": TEXTS, "people": TEXTS, "reason_required": st.booleans()},
    ),
    "IdentityProvider": st.fixed_dictionaries(
        {"issuer": st.just("https://idp.example/a"), "client_id": TEXT},
        optional={"title": TEXT, "link_claims": TEXTS, "groups_claim": TEXT, "create_people": st.booleans(), "client_secret": st.just("env:SECRET"),
                  "algorithms": st.lists(st.sampled_from(["RS256", "ES256"]), min_size=1), "machines": st.fixed_dictionaries({"audiences": TEXTS})},
    ),
    "AiClients": st.fixed_dictionaries(
        {},
        optional={"registration": st.booleans(), "refresh_days": st.integers(1, 365), "assertion_hosts": st.lists(st.just("claude.ai"), max_size=2)},
    ),
    "Governance": st.fixed_dictionaries(
        {},
        optional={"default": st.just("deny"), "approvers": TEXTS, "scan": st.fixed_dictionaries({"time_budget_ms": st.integers(1, 10_000)}),
                  "toxic_flows": st.fixed_dictionaries({"labels": st.dictionaries(TEXT.map(lambda text: f"{text}/*"), st.just(["destructive"]))})},
    ),
}  # fmt: skip


class Sample(Part, frozen=True, kw_only=True):
    """A part for these tests."""

    size: int = 1


def test_a_part_writes_no_default_and_takes_no_unknown_field() -> None:
    """So what is stored stays short, and a slip of the pen is not taken for nothing."""
    assert msgspec.json.encode(Sample()) == b"{}"
    assert msgspec.json.encode(Sample(size=2)) == b'{"size":2}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"sise":2}', type=Sample)


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_that_is_not_known_is_refused_in_every_kind(kind: str) -> None:
    """At the top of each spec; the valid document beside it is taken."""
    name = "default" if kind in SINGLE else "one"
    written = msgspec.yaml.encode({"kind": kind, "name": name, "spec": ALL[kind]}).decode()
    assert parse_documents(written, "x.yaml")
    with pytest.raises(DocumentError, match="unknown field"):
        parse_documents(msgspec.yaml.encode({"kind": kind, "name": name, "spec": {**ALL[kind], "colour": "red"}}).decode(), "x.yaml")


def test_every_kind_has_a_strategy() -> None:
    """A kind that is added is read back and forth here too."""
    assert set(SPECS) == set(KINDS) == set(ALL)


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(data=st.data())
def test_what_is_written_reads_back_the_same(kind: str, data: st.DataObject) -> None:
    """For every kind: a spec becomes YAML and again the same spec, whatever the texts in it look like; and the YAML is the same again."""
    spec: Struct = msgspec.convert(data.draw(SPECS[kind]), KINDS[kind].spec)
    name = "default" if kind in SINGLE else data.draw(NAMES.filter(lambda name: len(name) <= 30))
    text = render(kind, name, spec)
    (again,) = parse_documents(text, "again.yaml")
    assert (again.kind, again.name, again.spec) == (kind, name, spec)
    assert again.yaml == text
