"""A refused call as it is decided about: exactly what its record says."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.reading.asked import AskedCall, asked_call
from gatebook.reading.detail import StoredRecord
from gatebook.record.base import Header
from gatebook.record.body import CallRefused
from gatebook.record.body_access import SignedIn
from gatebook.record.parts import Actor, Client, Decision, Outcome, Source, Timing, Trace
from gatebook.state.approvals import arguments_digest
from gatebook.state.policies import PolicySpec
from gatebook.state.snapshot import Rules

KEY = b"k" * 32
IDENTITY = b'{"id":"ann","email":"ann@example.com","name":"Ann","groups":["sales"]}'
RULES = Rules(
    policies={
        "first": PolicySpec(effect="require_approval"),
        "second": PolicySpec(effect="require_approval"),
        "deny": PolicySpec(effect="deny", requestable=True),
        "deny-too": PolicySpec(effect="deny", requestable=True),
        "never": PolicySpec(effect="deny"),
        "plain": PolicySpec(effect="allow"),
    }
)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=8)  # fmt: skip


def record(parts: dict[str, bytes], effect: str = "pending", rule: str = "first", **more: Any) -> StoredRecord:
    """The record of a refused call."""
    decision = Decision(effect=effect, rule=rule, bundle="b", **{"matched": ("grant", rule), **more.pop("decision", {})})  # type: ignore[arg-type]
    base: dict[str, Any] = {
        "method": "tools/call",
        "endpoint": "/mcp",
        "actor": Actor(subject="s", kind="person", auth="token"),
        "client": Client(name="Claude"),
        "source": Source(ip="10.0.0.1", port=1),
        "trace": Trace(id="0", parent="0", made=True),
        "connector": "crm",
        "tool": "export",
        "outcome": Outcome(status="pending", transport="not_sent"),
        "timing": Timing(total_us=1),
        "decision": decision,
    }
    header = Header(v=1, id="c1", stream="w0", seq=1, prev="", time=5, type="call.refused")
    return StoredRecord(header=header, core=b"", body=CallRefused(**{**base, **more}), leaf="", parts=parts)  # type: ignore[arg-type]


def asked(parts: dict[str, bytes] | None = None, **more: Any) -> AskedCall:
    """The same, read."""
    found = asked_call(record({"identity": IDENTITY, "arguments": b'{"arguments":{}}'} if parts is None else parts, **more), KEY)
    assert found is not None
    return found


@given(JSON)
def test_the_arguments_are_those_that_were_sent(value: Any) -> None:
    """Byte for byte, with the digest that the gateway makes of the same."""
    text = json.dumps(value, indent=1).encode()
    call = asked({"identity": IDENTITY, "arguments": b'{"name":"crm__export", "arguments": ' + text + b' ,"_meta":{}}'})
    assert call.arguments == text and call.digest == arguments_digest(KEY, text) and not call.lost


def test_a_call_without_arguments_has_empty_ones() -> None:
    """As the gateway reads it: an approval of nothing is one of `{}`."""
    assert asked({"identity": IDENTITY, "arguments": b'{"name":"export"}'}).digest == arguments_digest(KEY, b"")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "can no longer be read"),
        ({"identity": b"{", "arguments": b"{}"}, "can no longer be read"),
        ({"identity": IDENTITY, "arguments": b'{"arguments":{"a":"cut off'}, "not recorded whole"),
        ({"identity": IDENTITY, "arguments": b"[]"}, "not recorded whole"),
    ],
)
def test_what_is_not_there_is_said_and_has_no_digest(parts: dict[str, bytes], words: str) -> None:
    """Erased, damaged or cut: there is nothing that an approval could be bound to."""
    call = asked(parts)
    assert (call.arguments, call.digest) == (None, "") and words in call.lost


def test_other_records_are_no_calls_that_wait() -> None:
    """Another type, and a request that failed before it was decided."""
    signed = SignedIn(actor=Actor(subject="s", kind="person", auth="link"), source=Source(ip="", port=0))
    other = StoredRecord(header=record({}).header, core=b"", body=signed, leaf="", parts={})
    assert asked_call(other, KEY) is None and asked_call(record({}), KEY) is not None
    undecided = StoredRecord(header=other.header, core=b"", body=_without_decision(), leaf="", parts={})
    assert asked_call(undecided, KEY) is None


def _without_decision() -> CallRefused:
    body = record({}).body
    assert isinstance(body, CallRefused)
    return msgspec.structs.replace(body, decision=None)


def test_only_calls_of_tools_wait() -> None:
    """Another method, or another effect, does not."""
    assert asked().waits
    assert not asked(method="resources/read").waits and not asked(effect="blocked").waits


def test_those_that_ask_are_the_deciding_policy_and_others_that_still_do() -> None:
    """What only observed does not count, nor what is no longer there; what decided does, whatever has become of it."""
    matched = ("grant", "plain", "first", "second", "deny", "gone")
    assert asked(decision={"matched": matched}).asking(RULES) == ("first", "second")
    assert asked(decision={"matched": matched, "observed": ("second",)}).asking(RULES) == ("first",)
    assert asked(rule="toxic-flow", decision={"matched": ("toxic-flow", "first")}).asking(RULES) == ("toxic-flow", "first")


def test_one_may_ask_about_what_is_requestable_or_not_allowed() -> None:
    """All requestable policies that matched; nothing where the one that decided is not, or is no longer there."""
    assert asked(effect="blocked", rule="default-deny", decision={"matched": ()}).denying(RULES) == ()
    assert asked(effect="blocked", rule="deny", decision={"matched": ("deny", "never", "deny-too")}).denying(RULES) == ("deny", "deny-too")
    assert asked(effect="blocked", rule="never", decision={"matched": ("never", "deny")}).denying(RULES) is None
    assert asked(effect="blocked", rule="gone", decision={"matched": ("gone",)}).denying(RULES) is None
    assert asked(effect="pending").denying(RULES) is None
    assert asked(effect="blocked", rule="deny", method="prompts/get").denying(RULES) is None
