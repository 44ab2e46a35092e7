"""From a payload to a verdict: every detector's own examples, every action, and what must hold whatever the payload is."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.dlp import BUILT_IN, Guardrail, Limits, Scanner, Verdict, apply, fingerprint
from gatebook.dlp.guardrail import GuardAction

KEY = b"k" * 32
CARD = "4242 4242 4242 4242"
MAIL = "ann@corp.example"
SCANNER = Scanner(BUILT_IN.values())
CARDS = Scanner([BUILT_IN["pii/credit_card"], BUILT_IN["pii/email"]])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from([CARD, MAIL, f"from {MAIL} to {CARD}", json.dumps([CARD])])
)
PAYLOADS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from([MAIL, CARD]), inner, max_size=3),
    max_leaves=8,
)


def guard(action: GuardAction, *detectors: str, **more: Any) -> Guardrail:
    """Return a guardrail on both sides."""
    return Guardrail(id=action, on=("arguments", "response"), detectors=detectors or ("credit_card", "email"), action=action, **more)


def verdict(payload: Any, *guardrails: Guardrail, scanner: Scanner = CARDS) -> Verdict:
    """Return what guardrails make of a payload."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return apply(body, scanner.scan(body), "response", guardrails, KEY, scanner)


@pytest.mark.parametrize("detector", BUILT_IN)
def test_a_detector_finds_its_examples_and_not_its_counter_examples(detector: str) -> None:
    """Each stands in a member of an object; what other detectors find in it does not matter."""
    one = BUILT_IN[detector]
    scanner = Scanner([one])
    assert one.examples
    missed = [text for text in one.examples if not scanner.scan(json.dumps({"text": text}).encode()).hits]
    wrong = [text for text in one.non_examples if scanner.scan(json.dumps({"text": text}).encode()).hits]
    assert (missed, wrong) == ([], [])


@pytest.mark.parametrize(
    ("action", "effect", "done", "value"),
    [
        ("log", "logged", "logged", CARD),
        ("redact", "redacted", "redacted", "[redacted:credit_card]"),
        ("mask_last4", "redacted", "masked", "************4242"),
        ("block", "blocked", "blocked", CARD),
    ],
)
def test_every_action_does_what_it_says(action: GuardAction, effect: str, done: str, value: str) -> None:
    """To the value and to nothing beside it; the finding says what was done and never holds the value."""
    found = verdict({"to": "bob", "card": CARD}, guard(action))
    assert (found.effect, json.loads(found.body)) == (effect, {"to": "bob", "card": value})
    (finding,) = found.findings
    assert (finding.detector, finding.action, finding.count, finding.pointer) == ("pii/credit_card", done, 1, "/card")
    assert CARD not in repr(found.findings) and found.rules == (action,)


def test_a_hash_is_the_same_for_the_same_value() -> None:
    """However the value is written; another value and another key give another one."""
    masked = json.loads(verdict([CARD, CARD.replace(" ", "-"), "5555 5555 5555 4444"], guard("hash")).body)
    assert masked[0] == masked[1] != masked[2]
    assert masked[0].startswith("[credit_card:") and CARD not in masked[0]
    hits = CARDS.scan(json.dumps([CARD, CARD.replace(" ", "")]).encode()).hits
    assert len({fingerprint(KEY, hit, hit.detector) for hit in hits}) == 1
    assert fingerprint(b"other" * 8, hits[0], hits[0].detector) != fingerprint(KEY, hits[0], hits[0].detector)


def test_the_strongest_action_wins() -> None:
    """In the order block, redact, mask_last4, hash, log, whatever the order of the guardrails."""
    order: list[GuardAction] = ["log", "hash", "mask_last4", "redact", "block"]
    assert set(order) == set(get_args(GuardAction))
    for number, stronger in enumerate(order[1:], 1):
        for weaker in order[:number]:
            pair = guard(stronger), guard(weaker)
            assert verdict([CARD], *pair).findings == verdict([CARD], *reversed(pair)).findings == verdict([CARD], pair[0]).findings


def test_a_guardrail_waits_for_its_count_and_its_side() -> None:
    """Below min_count, and in the other direction, nothing happens; one that observes only gives its name."""
    assert verdict([CARD], guard("block", min_count=2)).effect == "clean"
    assert verdict([CARD, CARD], guard("block", min_count=2)).effect == "blocked"
    assert verdict([CARD], Guardrail(id="a", on=("arguments",), detectors=("*",), action="block")).effect == "clean"
    watched = verdict([CARD], guard("block", observe=True))
    assert (watched.effect, watched.rules, watched.observed) == ("clean", (), ("block",))


def test_a_blocked_payload_is_kept_without_its_values() -> None:
    """What the book may keep of it; all that the guardrails would have taken out is out."""
    found = verdict({"a": CARD, "b": MAIL}, guard("block", "credit_card", reason="No cards."), guard("mask_last4", "email"))
    assert found.reason == "No cards." and found.safe_body is not None
    assert json.loads(found.safe_body) == {"a": "[redacted:credit_card]", "b": "[redacted:email]"}


@pytest.mark.parametrize(
    ("payload", "limits", "fault"),
    [
        (b'["' + b"x" * 2000 + b'"]', Limits(scan_bytes_max=1024), "too_large"),
        (b"[" * 200 + f'"{CARD}"'.encode() + b"]" * 200, Limits(), "too_deep"),
        (b'["' + CARD.encode(), Limits(), "not_json"),
    ],
)
def test_what_cannot_be_scanned_is_blocked(payload: bytes, limits: Limits, fault: str) -> None:
    """With the reason; nothing of it may be kept, because nobody knows what is in it. Without a guardrail it passes."""
    scanner = Scanner([BUILT_IN["pii/credit_card"]], limits)
    found = verdict(payload, guard("log"), scanner=scanner)
    assert (found.effect, found.fault, found.safe_body) == ("blocked", fault, None)
    assert verdict(payload, guard("block", observe=True), scanner=scanner).effect == "clean"


def test_keys_are_renamed_and_stay_apart() -> None:
    """Two keys that hold values do not become one member; the values under them stay."""
    body = f'{{"{MAIL}": 1, "bob@corp.example": 2, "[redacted:email]": 3}}'.encode()
    pairs = json.loads(verdict(body, guard("redact")).body, object_pairs_hook=list)
    assert [value for _, value in pairs] == [1, 2, 3]
    assert len({name for name, _ in pairs}) == 3 and "@" not in str(pairs)


def test_bytes_beside_a_value_stay_as_they_are() -> None:
    """White space, order, big and odd numbers, escapes and keys that stand twice survive a redaction."""
    text = '{ "n" : 1.0e5,\t"big":12345678901234567890123, "t":"caf\\u00e9 %s \\/ end" , "n":2 }'
    assert verdict((text % CARD).encode(), guard("redact")).body == (text % "[redacted:credit_card]").encode()


@given(payload=PAYLOADS)
def test_nothing_that_was_found_is_left(payload: Any) -> None:
    """For any payload: what passes is JSON in which nothing is found any more, or it is blocked; and doing it again changes nothing."""
    for action in ("redact", "mask_last4", "hash"):
        found = verdict(payload, guard(action))
        if found.effect == "blocked":
            continue
        json.loads(found.body)
        assert CARDS.scan(found.body).hits == ()
        assert verdict(found.body, guard(action)).body == found.body


@given(payload=PAYLOADS)
def test_a_payload_without_finds_is_the_very_same(payload: Any) -> None:
    """Not one byte is written anew where nothing was found."""
    body = json.dumps(payload, ensure_ascii=False, indent=1).encode(errors="surrogatepass")
    scanned = SCANNER.scan(body)
    if scanned.fault is None and not scanned.hits:
        assert apply(body, scanned, "response", [guard("redact", "*")], KEY, SCANNER).body is body


@pytest.mark.parametrize("detector", BUILT_IN)
def test_what_stands_in_place_of_a_value_is_no_find(detector: str) -> None:
    """No detector takes the trace of a redaction for a value."""
    name = detector.rpartition("/")[2]
    traces = [f"[redacted:{name}]", f"[{name}:3f9a2c1b7d04]", "************4242"]
    assert SCANNER.scan(json.dumps({name: traces}).encode()).hits == ()
