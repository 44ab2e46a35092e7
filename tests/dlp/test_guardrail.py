"""Guardrails and verdicts."""

import json

import msgspec
import pytest

from gatebook.dlp import Guardrail, Scanned, Verdict, apply
from gatebook.dlp.guardrail import Direction
from tests.dlp.payloads import CARD, EMAIL, payload, scanner

KEY = b"k" * 32
CARDS = Guardrail(id="cards", on=("response",), detectors=("credit_card",), action="mask_last4", severity="critical")
MAIL = Guardrail(id="mail", on=("arguments", "response"), detectors=("pii/email",), action="redact", reason="No addresses")
ALL = Guardrail(id="all", on=("response",), detectors=("*",), action="log")
BLOCK = Guardrail(id="block", on=("response",), detectors=("pii/*",), action="block", reason="No personal data")


def verdict(value: object, *rules: Guardrail, part: Direction = "response") -> Verdict:
    """Scan a value and apply rules."""
    raw = payload(value)
    return apply(raw, scanner().scan(raw), part, rules, KEY, scanner())


def test_a_payload_without_findings_is_the_same_object() -> None:
    """Clean: nothing is copied."""
    raw = payload(["hello"])
    outcome = apply(raw, scanner().scan(raw), "response", [ALL], KEY, scanner())
    assert outcome.effect == "clean" and outcome.body is raw


def test_a_rule_for_the_other_direction_does_not_apply() -> None:
    """A rule about responses leaves arguments alone."""
    assert verdict([CARD], CARDS, part="arguments").effect == "clean"


def test_logging_changes_nothing_and_says_what_was_found() -> None:
    """The finding has detector, type, count, place and a fingerprint, never the value."""
    outcome = verdict({"a": [EMAIL, "bob@acme.com"]}, ALL)
    assert outcome.effect == "logged" and json.loads(outcome.body) == {"a": [EMAIL, "bob@acme.com"]}
    (finding,) = outcome.findings
    assert (finding.detector, finding.type, finding.count, finding.pointer, finding.action) == ("pii/email", "email", 2, "/a/0", "logged")
    assert (finding.severity, finding.part, len(finding.fingerprint)) == ("medium", "response", 16)


def test_the_strongest_action_wins_for_each_hit() -> None:
    """A hit that two rules cover gets the stronger action; other hits keep theirs."""
    outcome = verdict([EMAIL, CARD], ALL, MAIL, CARDS)
    assert json.loads(outcome.body) == ["[redacted:email]", "************4242"]
    assert {(finding.type, finding.action, finding.severity) for finding in outcome.findings} == {
        ("email", "redacted", "medium"),
        ("credit_card", "masked", "critical"),
    }
    assert outcome.effect == "redacted" and outcome.rules == ("all", "mail", "cards")


def test_a_blocked_payload_has_a_safe_body() -> None:
    """Blocked: the reason of the rule, and a body for the book in which no value is left."""
    outcome = verdict({"text": f"to {EMAIL}", "n": 1}, ALL, BLOCK)
    assert (outcome.effect, outcome.reason, outcome.error_class) == ("blocked", "No personal data", "policy")
    assert outcome.safe_body is not None and json.loads(outcome.safe_body) == {"text": "to [redacted:email]", "n": 1}


def test_the_rule_that_decided_is_named() -> None:
    """Of several that apply the one whose action made the effect, whatever their names and order; none where nothing was changed."""
    assert verdict([EMAIL], ALL).decider == ""
    assert verdict([EMAIL, CARD], ALL, CARDS).decider == "cards" and verdict([EMAIL, CARD], ALL, CARDS, MAIL).decider == "mail"
    assert verdict([EMAIL, CARD], ALL, CARDS, BLOCK).decider == "block" and verdict([EMAIL, CARD], CARDS, BLOCK, ALL).decider == "block"


def test_a_rule_may_need_a_number_of_hits() -> None:
    """Below `min_count` the rule does not apply."""
    bulk = Guardrail(id="bulk", on=("response",), detectors=("pii/*",), action="block", min_count=3)
    assert verdict([EMAIL, CARD], bulk).effect == "clean"
    assert verdict([EMAIL, CARD, EMAIL], bulk).effect == "blocked"


def test_an_observing_rule_changes_nothing_and_records_what_it_saw() -> None:
    """The call stays clean and its body untouched; what was found is on the record as logged, with the severity of the rule."""
    trial = Guardrail(id="trial", on=("response",), detectors=("*",), action="block", observe=True, severity="low")
    raw = payload([EMAIL, EMAIL])
    outcome = apply(raw, scanner().scan(raw), "response", [trial], KEY, scanner())
    assert (outcome.effect, outcome.observed, outcome.rules) == ("clean", ("trial",), ()) and outcome.body is raw
    (finding,) = outcome.findings
    assert (finding.detector, finding.action, finding.count, finding.severity) == ("pii/email", "logged", 2, "low")


@pytest.mark.parametrize(("active", "effect", "action"), [(MAIL, "redacted", "redacted"), (BLOCK, "blocked", "blocked")])
def test_what_another_rule_acts_on_is_not_recorded_twice(active: Guardrail, effect: str, action: str) -> None:
    """An observing rule adds the hits that no other rule covers, and only those."""
    trial = Guardrail(id="trial", on=("response",), detectors=("*",), action="block", observe=True)
    outcome = verdict([EMAIL, "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"], active, trial)
    assert {(finding.type, finding.action) for finding in outcome.findings} == {("email", action), ("github_pat", "logged")}
    assert outcome.effect == effect and outcome.rules == (active.id,) and outcome.observed == ("trial",)


def test_an_observing_rule_that_does_not_apply_sees_nothing() -> None:
    """Below its count there is no finding."""
    trial = Guardrail(id="trial", on=("response",), detectors=("*",), action="block", observe=True, min_count=2)
    assert verdict([EMAIL], trial).findings == ()


def test_hashes_are_stable_per_key() -> None:
    """The same value has the same token, in any writing."""
    hashed = Guardrail(id="hash", on=("response",), detectors=("*",), action="hash")
    first, second = json.loads(verdict([CARD, "4242-4242-4242-4242"], hashed).body)
    assert first == second and first.startswith("[credit_card:") and len(first) == len("[credit_card:]") + 12


@pytest.mark.parametrize(("fault", "error"), [("too_large", "too_large"), ("not_json", "invalid_input"), ("budget", "overloaded")])
def test_a_fault_blocks(fault: str, error: str) -> None:
    """What was not scanned to its end does not pass, and nothing of it may be kept."""
    outcome = apply(b"{}", Scanned(fault=fault), "response", [ALL], KEY, scanner())  # type: ignore[arg-type]
    assert (outcome.effect, outcome.error_class, outcome.safe_body, outcome.rules) == ("blocked", error, None, ("all",))
    assert outcome.reason


def test_a_value_that_is_still_found_blocks() -> None:
    """When taking values out joins their neighbours to a new one, the payload does not pass."""
    raw = payload([EMAIL])
    forgetful = Scanned(hits=scanner().scan(raw).hits)
    other = payload([EMAIL, "bob@acme.com"])
    outcome = apply(other, forgetful, "response", [MAIL], KEY, scanner())
    assert outcome.effect == "blocked" and outcome.safe_body is not None and b"@" not in outcome.safe_body


def test_no_value_is_in_findings() -> None:
    """Not in the pointer either, when a key holds the value."""
    outcome = verdict({EMAIL: {"card": CARD}}, ALL)
    text = msgspec.json.encode(outcome.findings).decode()
    assert "ann" not in text and "4242" not in text and "/[redacted:email]/card" in text
