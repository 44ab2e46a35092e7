"""What a language model found joins a scan, and guardrails treat it like any other find."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from gatebook.dlp import Guardrail, Hit, Verdict, apply
from gatebook.dlp.names import KINDS, Named, NamesScanner, Unread
from tests.dlp.payloads import CARD, EMAIL, payload, scanner

KEY = b"k" * 32
PEOPLE = re.compile(r"Ann Smith|Bob|Hamburg")


def model(text: str) -> list[tuple[int, int, str]]:
    """Find a few names."""
    return [(*match.span(), "LOCATION" if match[0] == "Hamburg" else "PERSON") for match in PEOPLE.finditer(text)]


def scanned(raw: bytes, find: Callable[[str], list[tuple[int, int, str]]] = model) -> tuple[Hit, ...]:
    """Scan a payload with what a model says about it."""
    return looked(raw, lambda names: names.scan(raw).hits, find)


def looked(raw: bytes, work: Callable[[NamesScanner], Any], find: Callable[[str], list[tuple[int, int, str]]] = model) -> Any:
    """Do something with a scanner, and again with what it has to know, as the gateway does."""
    known: dict[bytes, Named] = {}
    for _ in range(10):
        try:
            return work(NamesScanner(scanner(), raw, known, lenient=False))
        except Unread as unread:
            finds = tuple((number, *one) for number, text in enumerate(unread.texts) for one in find(text))
            assert unread.payload not in known
            known[unread.payload] = Named(finds)
    raise AssertionError("it wants to know more and more")


def verdict(value: object, *rules: Guardrail, find: Callable[[str], list[tuple[int, int, str]]] = model) -> Verdict:
    """Apply rules to a response."""
    raw = payload(value)
    outcome: Verdict = looked(raw, lambda names: apply(raw, names.scan(raw), "response", rules, KEY, names), find)
    return outcome


def rule(action: Any, *detectors: str, min_count: int = 1) -> Guardrail:
    """Make a rule for responses."""
    return Guardrail(id=f"r-{action}", on=("response",), detectors=detectors or ("ner/*",), action=action, min_count=min_count)


def test_names_and_patterns_come_in_the_order_in_which_they_stand() -> None:
    """With detector, pointer and value."""
    hits = scanned(payload({"a": f"{EMAIL} is Ann Smith", "b": {"city": "Hamburg"}}))
    assert [(hit.detector, hit.pointer, hit.value) for hit in hits] == [
        ("pii/email", "/a", EMAIL),
        ("ner/person", "/a", "Ann Smith"),
        ("ner/location", "/b/city", "Hamburg"),
    ]


def test_a_payload_without_words_needs_no_model() -> None:
    """Nothing has to be known of numbers."""
    assert NamesScanner(scanner(), b'{"1":[2,"-"]}', {}, lenient=False).scan(b'{"1":[2,"-"]}').hits == ()


def test_keys_that_hold_something_show_in_no_place() -> None:
    """A name in a key is hidden in the place of a card below it, and an address in a key in the place of a name."""
    hits = scanned(payload({"Ann Smith": {"card": CARD}, EMAIL: "Bob"}))
    places = {hit.detector: hit.safe_pointer for hit in hits if not hit.in_key}
    assert places == {"pii/credit_card": "/[redacted:person]/card", "ner/person": "/[redacted:email]"}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("redact", "Dear [redacted:person], see [redacted:location]"),
        ("mask_last4", "Dear ****mith, see ***burg"),
        ("log", "Dear Ann Smith, see Hamburg"),
    ],
)
def test_every_action_works_on_names(action: Any, text: str) -> None:
    """Taken out, masked, or only noted."""
    outcome = verdict(["Dear Ann Smith, see Hamburg"], rule(action))
    assert json.loads(outcome.body) == [text] and {finding.type for finding in outcome.findings} == {"person", "location"}


def test_the_same_name_has_the_same_token_and_fingerprint() -> None:
    """However it is spaced and capitalised."""
    outcome = verdict(["Ann Smith", "ANN  SMITH"], rule("hash"), find=lambda text: [(0, len(text), "PERSON")])
    one, other = json.loads(outcome.body)
    assert one == other and re.fullmatch(r"\[person:[0-9a-f]{12}\]", one)
    assert outcome.findings[0].fingerprint.startswith(one[8:-1])


def test_a_block_keeps_a_body_without_names() -> None:
    """The book gets the payload with the names taken out; rules count names like other finds."""
    assert verdict(["Bob"], rule("block", min_count=2)).effect == "clean"
    outcome = verdict(["Bob and Ann Smith"], rule("block", min_count=2))
    assert outcome.effect == "blocked" and json.loads(outcome.safe_body or b"") == ["[redacted:person] and [redacted:person]"]


def test_what_redaction_has_put_there_is_no_name() -> None:
    """A model that takes tokens and masks for names does not block a payload that is clean."""
    eager = re.compile(r"[A-Z\[*][\w*:\]-]+(?: [A-Z\[*][\w*:\]-]+)*")
    for action in ("redact", "hash", "mask_last4"):
        outcome = verdict(
            ["for Ann Smith only"], rule(action), find=lambda text: [(*match.span(), "PERSON") for match in eager.finditer(text)]
        )
        assert outcome.effect == "redacted" and b"Ann" not in outcome.body


def test_stars_that_came_from_outside_hide_nothing() -> None:
    """Markdown around a name is not taken for a mask."""
    assert [hit.value for hit in scanned(payload(["see ***Bob*** there"]))] == ["Bob"]


def test_a_name_that_shows_only_after_redaction_is_taken_out_too() -> None:
    """With a finding of its own, also when a rule wants more of them than are left."""

    def late(text: str) -> list[tuple[int, int, str]]:
        return model(text.replace("Bob", "xxx")) if "Ann" in text else model(text)

    outcome = verdict(["Ann Smith, Bob, Ann Smith"], rule("redact", min_count=2), find=late)
    assert json.loads(outcome.body) == ["[redacted:person], [redacted:person], [redacted:person]"]
    assert (outcome.effect, outcome.findings[0].count) == ("redacted", 3)


def test_names_without_an_end_are_blocked() -> None:
    """A model that finds something new in whatever is left gets no further than a few rounds."""

    def restless(text: str) -> list[tuple[int, int, str]]:
        match = re.search(r"(?<![\[:a-z])[a-z]{2,}", text)
        return [(*match.span(), "PERSON")] if match else []

    assert verdict(["one two three four five six seven"], rule("redact"), find=restless).effect == "blocked"


@pytest.mark.parametrize(("fault", "error"), [("names_absent", "internal"), ("names_late", "overloaded")])
def test_a_model_that_says_nothing_is_a_fault_unless_that_is_allowed(fault: Any, error: str) -> None:
    """Blocked with the reason; or scanned by patterns alone, and the reason is known."""
    raw = payload([f"Bob {EMAIL}"])
    known = {raw: Named(fault=fault)}
    strict = NamesScanner(scanner(), raw, known, lenient=False)
    outcome = apply(raw, strict.scan(raw), "response", [rule("redact")], KEY, strict)
    assert (outcome.effect, outcome.error_class) == ("blocked", error) and "ames" in outcome.reason
    lenient = NamesScanner(scanner(), raw, known, lenient=True)
    assert [hit.detector for hit in lenient.scan(raw).hits] == ["pii/email"] and lenient.unread == fault


def test_answers_that_make_no_sense_are_passed_over() -> None:
    """Spans beyond the text, texts that there are not, kinds that nobody asked for."""
    raw = payload(["Bob"])
    known = {raw: Named(((0, 0, 99, "PERSON"), (7, 0, 3, "PERSON"), (0, 0, 3, "CARDINAL"), (0, 2, 1, "PERSON")))}
    assert [hit.value for hit in NamesScanner(scanner(), raw, known, lenient=False).scan(raw).hits] == ["Bob"]


def test_faults_of_patterns_come_first() -> None:
    """A payload that cannot be scanned at all is not sent to a model."""
    assert NamesScanner(scanner(), b"{", {}, lenient=False).scan(b"{").fault == "not_json"


def test_kinds_have_severities() -> None:
    """Those of the kinds, and those of detectors beside them."""
    names = NamesScanner(scanner(), b"1", {}, lenient=False)
    assert {names.severity(kind) for kind in KINDS} == {"low", "medium", "high"} and names.severity("pii/credit_card") == "high"
