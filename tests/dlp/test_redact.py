"""Taking values out."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.dlp import redact
from gatebook.dlp.hit import Hit
from gatebook.dlp.redact import Action
from tests.dlp.payloads import CARD, EMAIL, HIDDEN, IBAN, payload, scanner

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
ACTIONS: tuple[Action, ...] = ("redact", "mask_last4", "hash")
SECRETS = (EMAIL, CARD, IBAN, "536-22-1234", "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5")
PLAIN = ("", "hello", "a\nb", 'quote " and \\ slash', "\u00e9\u4e16\U0001f600", "1.0e5", "[x]", "{", "~/")


def token(hit: Hit) -> str:
    """A stand-in for the keyed hash."""
    return "3f9a2c1b7d04"


def without(raw: bytes, action: Action = "redact") -> bytes:
    """Return a payload without anything that is found."""
    return redact(raw, [(hit, action) for hit in scanner().scan(raw).hits], token)


@pytest.mark.parametrize(
    ("raw", "action", "expected"),
    [
        (b'{"a": "to ann@acme.com"}', "redact", b'{"a": "to [redacted:email]"}'),
        (b'["4242 4242 4242 4242"]', "mask_last4", b'["************4242"]'),
        (b'["to ann@acme.com"]', "hash", b'["to [email:3f9a2c1b7d04]"]'),
        (b"[4242424242424242, 1.0e5]", "redact", b'["[redacted:credit_card]", 1.0e5]'),
        (
            b'{ "n" :12345678901234567890, "x":"\\u00e9 ann@acme.com \\/"}',
            "redact",
            b'{ "n" :12345678901234567890, "x":"\\u00e9 [redacted:email] \\/"}',
        ),
        (b'{"ann@acme.com":1,"bob@acme.com":2}', "redact", b'{"[redacted:email]":1,"[redacted:email]_2":2}'),
        (b'{"a":1,"a":"ann@acme.com","a":1}', "redact", b'{"a":1,"a":"[redacted:email]","a":1}'),
        (b'["{\\"n\\": 4242424242424242}"]', "redact", b'["{\\"n\\": \\"[redacted:credit_card]\\"}"]'),
        (b'["x YW5uLm1pbGxlckBhY21lLmNvbQ== y"]', "redact", b'["x [redacted:email] y"]'),
        (b'["ann%40acme.com &amp; %20"]', "redact", b'["[redacted:email] &amp; %20"]'),
        (b'["\\u0061nn@acme.com"]', "redact", b'["[redacted:email]"]'),
    ],
)
def test_only_the_value_changes(raw: bytes, action: Action, expected: bytes) -> None:
    """Numbers, escapes, spaces, duplicate keys and other text stay byte for byte."""
    assert without(raw, action) == expected


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("hiding", HIDDEN)
def test_hidden_values_are_taken_out(hiding: str, action: Action) -> None:
    """Whatever hides a value, after redaction nothing is found."""
    changed = without(payload({"note": HIDDEN[hiding](EMAIL), "other": [f"see {HIDDEN[hiding](CARD)} there", 1]}), action)
    assert scanner().scan(changed).hits == ()
    assert json.loads(changed)["other"][1] == 1


def test_a_short_value_is_masked_whole() -> None:
    """Of a short value nothing survives, of a long one the last four characters."""
    raw = payload({"password": "x9!Kq2"})
    assert json.loads(without(raw, "mask_last4")) == {"password": "*****"}
    assert json.loads(without(payload([EMAIL]), "mask_last4")) == ["************ecom"]


def test_where_hits_overlap_the_strongest_action_covers_both() -> None:
    """Two edits of overlapping spans become one, with the stronger."""
    raw = payload([CARD])
    hit = scanner().scan(raw).hits[0]
    assert redact(raw, [(hit, "hash"), (hit, "redact")], token) == b'["[redacted:credit_card]"]'


def test_nothing_to_do_is_the_same_object() -> None:
    """Without edits the payload itself comes back."""
    raw = payload([EMAIL])
    assert redact(raw, [], token) is raw


LEAVES = st.sampled_from(PLAIN) | st.sampled_from(SECRETS) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none()
LEAVES |= st.builds(
    lambda before, value, after: f"{before} {value} {after}", *(st.sampled_from(texts) for texts in (PLAIN, SECRETS, PLAIN))
)
LEAVES |= st.builds(lambda hide, value: HIDDEN[hide](value), st.sampled_from(sorted(HIDDEN)), st.sampled_from(SECRETS))
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from((*PLAIN, *SECRETS)), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300)
@given(DOCUMENTS, st.sampled_from(ACTIONS), st.booleans(), st.sampled_from([None, 2]))
def test_redaction_holds_for_any_document(document: object, action: Action, ascii_only: bool, indent: int | None) -> None:
    """Valid JSON of the same shape comes out, nothing is found in it, doing it again changes nothing, and other tokens keep their bytes."""
    raw = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    hits = scanner().scan(raw).hits
    changed = redact(raw, [(hit, action) for hit in hits], token)
    assert _shape(json.loads(changed)) == _shape(json.loads(raw))
    assert scanner().scan(changed).hits == ()
    assert without(changed, action) is changed
    edited = {hit.places[0].at for hit in hits}
    kept = [match.group() for match in _STRING.finditer(raw) if match.start() not in edited]
    remaining = iter(match.group() for match in _STRING.finditer(changed))
    assert all(one in remaining for one in kept)
    assert _gaps(raw) == _gaps(changed)


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return [_shape(item) for item in value.values()]
    return [_shape(item) for item in value] if isinstance(value, list) else None


def _gaps(raw: bytes) -> bytes:
    """Return what stands between strings and numbers."""
    return re.sub(rb'""|-?\d[\d.eE+-]*', b"#", _STRING.sub(b'""', raw))
