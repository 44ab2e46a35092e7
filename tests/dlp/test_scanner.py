"""Scanning payloads."""

import json
import random
import time
import uuid
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.dlp import BUILT_IN, Detector, Limits, Scanner
from tests.dlp.payloads import CARD, EMAIL, HIDDEN, IBAN, escaped, found, payload, scan, scanner

VALUES = {
    "pii/email": EMAIL,
    "pii/credit_card": CARD,
    "pii/iban": IBAN,
    "secret/github_pat": "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("hiding", HIDDEN)
def test_a_hidden_value_is_found(name: str, hiding: str) -> None:
    """Every coding of the list is seen through, as a whole leaf and within a text."""
    hidden = HIDDEN[hiding](VALUES[name])
    assert name in found({"note": hidden})
    assert name in found({"note": f"see {hidden} and more"})


@pytest.mark.parametrize("name", VALUES)
def test_json_escapes_hide_nothing(name: str) -> None:
    """A string in which every character is an escape says the same."""
    assert name in {hit.detector for hit in scanner().scan(f"[{escaped(VALUES[name])}]".encode()).hits}


def test_a_hit_says_where_and_through_what() -> None:
    """Detector, pointer, value and codings of a hit."""
    hits = scan({"a/b": [{"c": HIDDEN["json in json"](EMAIL)}], "d": HIDDEN["base64"](EMAIL)}).hits
    assert [(hit.pointer, hit.value, hit.layers, hit.in_key) for hit in hits] == [
        ("/a~1b/0/c", EMAIL, ("json", "json"), False),
        ("/d", EMAIL, ("base64",), False),
    ]


def test_values_in_keys_and_numbers() -> None:
    """A key that holds a value is found, and a number as well; the safe pointer does not repeat the key."""
    hits = scan({EMAIL: {"n": 4242424242424242}}).hits
    assert [(hit.detector, hit.pointer, hit.safe_pointer, hit.in_key) for hit in hits] == [
        ("pii/email", f"/{EMAIL}", "/[redacted:email]", True),
        ("pii/credit_card", f"/{EMAIL}/n", "/[redacted:email]/n", False),
    ]


def test_a_bare_value_is_a_payload_too() -> None:
    """Any JSON value can be scanned."""
    assert found(4242424242424242) == {"pii/credit_card"}
    assert found(EMAIL) == {"pii/email"}
    assert found(None) == set()


@pytest.mark.parametrize(
    "value",
    [
        {"ssn": "536221234"},
        {"patientSsn": 536221234},
        {"SSN_last": "536221234"},
        {"ssns": ["536221234", "536221235"]},
        {"type": "ssn", "value": "536221234"},
        {"text": "name,ssn\n" + "Ann,123\n" * 30 + "Bob,536221234\n"},
        {"text": "Social Security number is 536221234."},
        {"\u0455\u0455n": "536221234"},
        {"text": json.dumps({"ssn": 536221234})},
    ],
)
def test_context_may_be_near_the_value_or_its_key(value: object) -> None:
    """Nine digits are a social security number beside the words for it: key, label, heading of the column, or text, look-alikes included."""
    assert "pii/us_ssn_nodash" in found(value)


@pytest.mark.parametrize(
    "value", [{"order": "536221234"}, {"using": "536221234"}, {"text": "lesson 536221234"}, {"text": "name,order\nBob,536221234"}]
)
def test_without_context_nine_digits_are_nothing(value: object) -> None:
    """No context word, no finding: also not as a part of another word."""
    assert found(value) == set()


def _ordinary() -> list[object]:
    dice = random.Random(7)
    hexes = [dice.randbytes(20).hex() for _ in range(500)]
    integrity = [b64encode(dice.randbytes(64)).decode() for _ in range(200)]
    return [
        {"type": "image", "mimeType": "image/png", "data": b64encode(dice.randbytes(700_000)).decode()},
        {"ids": [str(uuid.UUID(bytes=dice.randbytes(16))) for _ in range(2000)]},
        {"commits": [f"commit {one}\nMerge: {one[:7]} {one[8:15]}\nDate:   Mon Mar 2 10:11:12 2026 +0100\n\n    Fix it" for one in hexes]},
        {
            "text": "".join(
                f'"node_modules/a{n}": {{"version": "1.2.{n}", "integrity": "sha512-{one}"}},\n' for n, one in enumerate(integrity)
            )
        },
        {"text": "order,amount,when\n" + "".join(f"{dice.randrange(10**11, 10**12)},{dice.random()},2026-03-01\n" for _ in range(2000))},
        {"vector": [dice.random() for _ in range(2000)]},
        {"text": "!function(t){var n={};" + "".join(f"e[{n}]=function(t,n){{return t*{n}+0x{n:x}}};" for n in range(2000)) + "}"},
        {"spans": [{"trace_id": dice.randbytes(16).hex(), "ts": 1772359872123456 + n, "dur": n * 17} for n in range(1000)]},
        {"nextPageToken": "CAUQAA9xK2mQ8wErTy", "usage": {"max_tokens": 4096, "total_tokens": 12345}, "sha": hexes[0], "etag": hexes[1]},
        {"text": "Enter your password: at least 8 characters. The token: expired. Secret Santa: Friday."},
    ]


@pytest.mark.parametrize("value", _ordinary(), ids=lambda value: next(iter(value)))
def test_ordinary_payloads_are_clean(value: object) -> None:
    """Images, ids, hashes, lock files, tables, vectors, scripts and page tokens give no finding and no fault."""
    outcome = Scanner(BUILT_IN.values(), Limits(time_budget_ms=0)).scan(payload(value))
    assert (outcome.hits, outcome.fault) == ((), None)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"[" + b" " * 11_000_000 + b"]", "too_large"),
        (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
        (b"[" * 300 + b'"ann@acme.com"' + b"]" * 300, "too_deep"),
        (b"[NaN]", "not_json"),
        (b'["\xff"]', "not_json"),
        (b'{"a":', "not_json"),
        (b"", "not_json"),
    ],
)
def test_what_cannot_be_scanned_is_a_fault(raw: bytes, fault: str) -> None:
    """Too large, too deep, or no JSON: the outcome says so and the caller blocks."""
    assert scanner().scan(raw).fault == fault


def test_duplicate_keys_are_all_scanned() -> None:
    """The value under each of two equal keys is found."""
    assert len(scanner().scan(b'{"a":"ann@acme.com","a":"bob@acme.com"}').hits) == 2


def test_lone_surrogates_do_not_hide_a_value() -> None:
    """A lone surrogate beside a value makes a finding or a fault, never a clean outcome."""
    for raw in (b'["\\ud800 ann@acme.com"]', b'["\\udfff ann@acme.com"]', b'["ann@acme.com\\ud800"]'):
        outcome = scanner().scan(raw)
        assert outcome.hits or outcome.fault


def test_the_budget_of_time_is_kept() -> None:
    """When the clock has run past the budget, the outcome is a fault."""
    ticks = iter(range(1000))
    assert Scanner(BUILT_IN.values(), clock=lambda: float(next(ticks))).scan(payload([EMAIL])).fault == "budget"


def test_too_many_hits_are_a_fault() -> None:
    """More hits than the limit are not listed."""
    limited = Scanner(BUILT_IN.values(), Limits(hits_max=10))
    assert limited.scan(payload([EMAIL] * 11)).fault == "too_many"
    assert len(limited.scan(payload([EMAIL] * 10)).hits) == 10


@pytest.mark.parametrize(
    "unit",
    [
        "4",
        "4 ",
        "-",
        "@",
        "a@",
        "\\",
        "A",
        "41",
        "%41",
        "&#65;",
        "\uff11",
        "password=",
        "eyJhbGciOi",
        "://a:",
        "+1 ",
        '"',
        "{",
        "[",
        "H4sIA",
    ],
)
def test_hostile_text_gets_a_verdict_in_time(unit: str) -> None:
    """A megabyte of one unit is decided within a few of its budgets, on a slow machine as well."""
    raw = payload([unit * (1_000_000 // len(json.dumps(unit, ensure_ascii=False).encode()[1:-1]))])
    assert len(raw) < 1 << 20
    timed = Scanner(BUILT_IN.values(), clock=time.perf_counter)
    timed.scan(b"[]")
    started = time.perf_counter()
    timed.scan(raw)
    assert time.perf_counter() - started < 2.0


@pytest.mark.parametrize("before", [b"", b'"x",', b'"card":', b'"x",true,'])
def test_a_long_row_of_numbers_gets_a_verdict_in_time(before: bytes) -> None:
    """Each number of a long array is looked up where it is, not by reading the array again."""
    numbers = b"[" + b",".join([b"4111111111111111"] * 40_000) + b"]"
    raw = b"{" + before + numbers + b"}" if before.endswith(b":") else b"[" + before + numbers[1:]
    timed = Scanner(BUILT_IN.values(), clock=time.perf_counter)
    started = time.perf_counter()
    assert timed.scan(raw).fault in ("budget", "too_many")
    assert time.perf_counter() - started < 2.0


def test_numbers_of_a_row_are_named_by_its_key() -> None:
    """All numbers of an array stand under its key, also behind many others; after another kind of element they do not."""
    assert [hit.pointer for hit in scan({"ssn": [1, 536221234, 2, 3, 536221235]}).hits] == ["/ssn/1", "/ssn/4"]
    assert found({"ssn": [True, 5, 536221234]}) == set()


def test_a_long_text_in_another_script_is_scanned() -> None:
    """Half a megabyte of Cyrillic, each letter of which may be a look-alike, is no fault, and a value in it is found."""
    text = "\u042d\u0442\u043e \u043e\u0431\u044b\u0447\u043d\u044b\u0439 \u0442\u0435\u043a\u0441\u0442. " * 15_000
    outcome = scan({"text": text + EMAIL, "name": "\u0410\u043d\u043d\u0430"})
    assert outcome.fault is None and [hit.value for hit in outcome.hits] == [EMAIL]


def test_too_many_places_in_a_hidden_text_are_a_fault() -> None:
    """A decoded text that a detector matches nearly everywhere blocks the payload as too much, like one that stands in plain."""
    hidden = b64encode(b"the mrn is " + b"1" * 500_000).decode()
    assert scan({"mrn": hidden}).fault == "too_many"


@pytest.mark.parametrize("value", ["1984-3-7", "1984-03-17T10:00:00Z", "3/7/84", "17.03.1984", "born 1984/3/7, in May"])
def test_dates_of_birth_may_have_short_days(value: str) -> None:
    """One digit for a day or a month is as good as two, also behind an escaped slash."""
    assert found({"date_of_birth": value}) == {"pii/date_of_birth"}
    assert scanner().scan(payload({"date_of_birth": value}).replace(b"/", b"\\/")).hits


def test_own_detectors_need_no_probe() -> None:
    """A detector with only a pattern is found behind escapes, in context, and as `key=value`."""
    own = Detector(id="custom/employee", severity="low", pattern=r'\bE-\d{6}\b|"id": \d{4}', title="x", context=("employee",), keyed=True)
    mine = Scanner([own])
    assert mine.scan(b'{"text":"employee\\nE-104233"}').hits
    assert mine.scan(b'{"text":"the employee has \\"id\\": 1234"}').hits
    assert not mine.scan(b'{"text":"E-104233"}').hits


@settings(max_examples=60)
@given(st.binary(max_size=60), st.text(max_size=60))
def test_any_bytes_get_an_outcome(raw: bytes, text: str) -> None:
    """Scanning never raises, whatever is scanned."""
    scanner().scan(raw)
    scanner().scan(payload([text, {text: text}]))
