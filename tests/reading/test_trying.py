"""A text that is tried: what is found, where it stands, what it becomes."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.guardrail import Guardrail
from gatebook.dlp.scanner import Scanner
from gatebook.reading.trying import Trial, Tried, try_text
from tests.reading.payloads import CODED, IBAN

EVERY = Scanner(BUILT_IN[name] for name in ("pii/iban", "pii/email", "pii/credit_card", "secret/github_pat", "pii/swift_bic"))
ACCOUNTS = Guardrail(id="accounts", on=("arguments", "response"), detectors=("pii/iban",), action="redact")
CARDS = Guardrail(id="cards", on=("arguments",), detectors=("pii/credit_card",), action="block", min_count=2, reason="Many cards.")
WATCH = Guardrail(id="watch", on=("arguments",), detectors=("pii/email",), action="block", observe=True)


def trial(*rules: Guardrail) -> Trial:
    """The arguments of any call, under these guardrails."""
    names = {name for rule in rules for name in rule.detectors}
    scanner = Scanner(BUILT_IN[name] for name in names) if names else None
    return Trial(part="arguments", rules=rules, scanner=scanner, every=EVERY, some=frozenset({"watch"}))


@pytest.fixture(scope="module")
def all_three() -> Iterator[Trial]:
    """Guardrails that redact, block and watch."""
    yield trial(ACCOUNTS, CARDS, WATCH)


def marked(text: str, found: Tried) -> list[str]:
    """What the spans of the finds cover."""
    return [text[start:end] for one in found.found for start, end in one.spans]


def test_plain_text_is_one_piece(all_three: Trial) -> None:
    """Spans count characters of the text as it was written, also behind quotes, breaks and other alphabets."""
    text = f'Größe "5"\nPay {IBAN} or 😀 ann.smith@corp.example'
    found = try_text(text, all_three)
    assert not found.is_json and found.effect == "redacted"
    assert found.becomes == text.replace(IBAN, "[redacted:iban]")
    assert marked(text, found) == [IBAN, "ann.smith@corp.example"]
    assert [(one.guardrail, one.action, one.observed) for one in found.found] == [("accounts", "redact", False), ("watch", "block", True)]


def test_json_is_looked_at_as_json(all_three: Trial) -> None:
    """Keys, numbers, coded and embedded values have their place, and bytes around them stay."""
    text = f'{{ "{IBAN}": 1,\n "n": 4111111111111111, "b": "{CODED}", "j": "{{\\"a\\": \\"{IBAN}\\"}}" }}'
    found = try_text(text, all_three)
    assert found.is_json
    assert {(one.detector, one.pointer, one.in_key, one.layers) for one in found.found} == {
        ("pii/iban", "/[redacted:iban]", True, ()), ("pii/credit_card", "/n", False, ()), ("pii/iban", "/b", False, ("base64",)),
        ("pii/iban", "/j", False, ("json",)),
    }  # fmt: skip
    assert IBAN in marked(text, found) and "4111111111111111" in marked(text, found) and CODED in marked(text, found)
    becomes = json.loads(found.becomes or "")
    assert becomes["b"] == "[redacted:iban]" and becomes["n"] == 4111111111111111


def test_a_guardrail_that_needs_more_says_so(all_three: Trial) -> None:
    """One card passes where two are needed; two are blocked, and the reason and what the book keeps are told."""
    one = try_text("4111 1111 1111 1111", all_three)
    assert one.effect == "allowed" and one.found[0].guardrail == "" and one.found[0].action == "none"
    cards = {rule.guardrail: rule for rule in one.guardrails}["cards"]
    assert (cards.finds, cards.min_count, cards.applies) == (1, 2, False)
    two = try_text("4111 1111 1111 1111 and 5555 5555 5555 4444", all_three)
    assert (two.effect, two.reason, two.becomes) == ("blocked", "Many cards.", None)
    assert two.kept == "[redacted:credit_card] and [redacted:credit_card]"
    assert two.found[0].count == 2 and {rule.guardrail: rule.some for rule in two.guardrails} == {
        "accounts": False,
        "cards": False,
        "watch": True,
    }


def test_without_guardrails_everything_is_looked_for() -> None:
    """So that a detector can be tried before there is a guardrail for it; nothing is done about what is found."""
    found = try_text(f"{IBAN} 4111 1111 1111 1112, DEUTDEFF500", trial())
    assert found.effect == "allowed" and [one.detector for one in found.found] == ["pii/iban"] and found.found[0].guardrail == ""
    near = {one.detector: one for one in found.near}
    assert near["pii/credit_card"].why == "check" and near["pii/swift_bic"].words == ("bic", "swift")


def test_what_cannot_be_scanned_is_blocked_with_its_reason(all_three: Trial) -> None:
    """As the gateway would."""
    deep = try_text("[" * 200 + f'"{IBAN}"' + "]" * 200, all_three)
    assert (deep.effect, deep.fault, deep.near) == ("blocked", "too_deep", [])


def test_a_token_tells_nothing_of_the_deployment() -> None:
    """`hash` is shown with a key of this trial alone: else values could be tried until the token of the book comes out."""
    hashed = trial(msgspec.structs.replace(ACCOUNTS, action="hash"))
    first, second = try_text(IBAN, hashed).becomes, try_text(IBAN, hashed).becomes
    assert first and second and first.startswith("[iban:") and first != second


VALUES = (IBAN, "4111 1111 1111 1111", "ann.smith@corp.example", "ghp_" + "a1B2" * 9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    values=st.lists(st.sampled_from(VALUES), min_size=1, max_size=3),
    shape=st.sampled_from(["{}", '{{"a": "{}"}}', '{{"{}": 1}}', '["x", "{}"]', '{{"a": {{"{}": "y"}}}}']),
)
def test_no_finding_holds_a_value(values: list[str], shape: str) -> None:
    """Whatever it is and wherever it stands: finds, near misses and guardrails hold detectors, places and shapes."""
    found = try_text(shape.format(" ; ".join(values)), trial(ACCOUNTS, CARDS, WATCH))
    assert found.found
    written = msgspec.json.encode([found.found, found.near, found.guardrails, found.reason]).decode()
    assert not any(value in written for value in values)
