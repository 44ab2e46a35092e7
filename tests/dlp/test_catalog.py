"""The built-in detectors: complete, and each does what its examples say, wherever they stand."""

import re
import time

import pytest

from gatebook.dlp import BUILT_IN
from gatebook.dlp.around import Purse
from gatebook.dlp.document import Document, Token
from gatebook.dlp.matcher import Find, Matcher
from gatebook.dlp.prefilter import Prefilter
from gatebook.dlp.scanner import probe_of
from gatebook.dlp.validators import VALIDATORS
from tests.dlp.payloads import found, payload, scanner

EXAMPLES = [(detector.id, text) for detector in BUILT_IN.values() for text in detector.examples]
NON_EXAMPLES = [(detector.id, text) for detector in BUILT_IN.values() for text in detector.non_examples]
TEMPLATES = {
    "prose": "Dear Ann, you asked for this:\n{}\nRegards, Bob",
    "code": "# config\nvalue = [\n    '{}',\n]\n",
    "table": "name,value,state\nfirst,{},open\n",
    "log": "2026-03-01T10:00:00Z INFO received {} from upstream\n",
}


def test_there_are_78_detectors_and_the_indicators() -> None:
    """The ids are public interface: 42 secrets, 34 kinds of personal data, one label; and six indicators."""
    families = [name.partition("/")[0] for name in BUILT_IN]
    assert [families.count(family) for family in ("secret", "pii", "label", "indicator")] == [43, 34, 1, 6]


def test_every_detector_is_complete() -> None:
    """Each has a title, a known validator, examples and counter-examples, and an id in small letters."""
    for detector in BUILT_IN.values():
        assert detector.title and detector.examples and (detector.non_examples or detector.id == "secret/jwt")
        assert detector.validator is None or detector.validator in VALIDATORS
        assert re.fullmatch(r"(secret|pii|label|indicator)/[a-z0-9_]+", detector.id)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_an_example_is_found(name: str, text: str) -> None:
    """Each example is found by its detector as a whole value, in a text after an escaped newline, and with every character escaped."""
    assert name in found({"text": text})
    assert name in found([f"first\n{text}\nlast"])
    assert name in found([f"first\r\n{text}\tlast"])


@pytest.mark.parametrize("key", ["", "phone", "ssn", "password", "card number", "date of birth", "order id"])
def test_texts_that_are_looked_at_together_give_what_each_gives_alone(key: str) -> None:
    """The quick way through many short texts finds what the thorough way finds in each, for every detector and the examples of all."""
    document = Document(payload([text for _, text in EXAMPLES + NON_EXAMPLES]))
    tokens = [token for token in document.strings() if token.is_simple]
    for token in tokens:
        token.key = key
    assert len(tokens) > 200
    for matcher in map(Matcher, BUILT_IN.values()):
        together: dict[Token, list[Find]] = {}
        matcher.find_in(tokens, Purse(10_000, 10_000), together)
        purse = Purse(10_000, 10_000)
        alone = {token: matcher.find(token.text, key, purse) for token in tokens}
        if matcher.keyed:
            alone = {token: some + matcher.find_pair(token.text, key, purse) for token, some in alone.items()}
        assert together == {token: some for token, some in alone.items() if some}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_an_example_is_found_in_other_text(name: str, text: str, template: str) -> None:
    """Prose, code, tables and logs do not hide a value that fits on one line."""
    if template != "prose" and ("\n" in text or name == "indicator/role_impersonation"):
        text = "\n" + text
    assert name in found({"text": TEMPLATES[template].format(text)})


@pytest.mark.parametrize(("name", "text"), NON_EXAMPLES)
def test_a_counter_example_is_not_found(name: str, text: str) -> None:
    """No counter-example is found by its detector, alone or in prose."""
    assert name not in found({"text": text})
    assert name not in found({"text": f"It says\n{text}\nand no more."})


@pytest.mark.parametrize("detector", BUILT_IN.values(), ids=lambda detector: detector.id)
def test_a_probe_matches_wherever_the_pattern_does(detector) -> None:  # type: ignore[no-untyped-def]
    """The probe sees each example in raw JSON, also right behind each kind of escape."""
    probe = Prefilter({"probe": probe_of(detector)})
    for text in detector.examples:
        raw = payload(text)[1:-1]
        if not raw.isascii() and detector.id == "indicator/hidden_unicode":
            assert probe.alive(raw)
            continue
        for before in (b'"', b"\\n", b"\\t", b"\\r", b"\\b", b"\\f", b'\\"', b"\\\\", b"\\/", b" ", b":", b"("):
            assert probe.alive(b'{"k":"' + before + raw + b'"}')


HOSTILE_UNITS = (
    "1", "1 ", "+1 ", "+1", "1-", "1.", "a@", "a.", "a@a.", "eyJabcdefgh.", "-----BEGIN PRIVATE KEY-----", "a-", "password=", "password:   ", "a://b:c", "a", "A", "A1 ",
    "ignore all ", "all ", "[](http://a?", "<img src=http://a?", "![", " ", "\n", "call the tool ", "1/1/", "jan 1", "system: ", "bearer ", "<", "SECRET//A/", "DE12 1234 ",
)  # fmt: skip


@pytest.mark.parametrize("detector", BUILT_IN.values(), ids=lambda detector: detector.id)
def test_no_pattern_is_slow_on_hostile_text(detector) -> None:  # type: ignore[no-untyped-def]
    """Twenty thousand characters of any unit take far less than what backtracking would."""
    pattern = re.compile(detector.pattern, re.ASCII)
    for unit in HOSTILE_UNITS:
        started = time.perf_counter()
        sum(1 for _ in pattern.finditer(unit * (20_000 // len(unit))))
        assert time.perf_counter() - started < 0.5, unit


@pytest.mark.parametrize("detector", BUILT_IN.values(), ids=lambda detector: detector.id)
def test_no_detector_finds_what_redaction_writes(detector) -> None:  # type: ignore[no-untyped-def]
    """Neither as a value nor under a key that means something is a replacement text a finding of anything."""
    for text in (f"[redacted:{detector.name}]", f"[{detector.name}:3f9a2c1b7d04]", f"[{detector.name}:123456789012]", "************4242"):
        outcome = scanner().scan(payload({"password": text, detector.name: text, "note": f"password={text} ssn {text}, phone {text}"}))
        assert outcome.hits == ()
