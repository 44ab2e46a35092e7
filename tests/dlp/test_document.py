"""Tokens of a document."""

import json

import pytest

from gatebook.dlp.document import Document, check, decode
from gatebook.dlp.hit import Exhausted

RAW = b'{"k\\"1": ["a", 12, {"value": "x", "type": "ssn"}], "n": -4.5e3}'


def test_a_token_is_found_by_any_of_its_bytes() -> None:
    """Strings and numbers are found; brackets lead to the value behind them."""
    document = Document(RAW)
    for place in range(len(b'"k\\"1"')):
        token = document.token(1 + place)
        assert token is not None and token.text == 'k"1' and token.is_key
    number = document.token(RAW.index(b"4.5"))
    assert number is not None and number.text == "-4.5e3" and not number.is_string


def test_names_are_keys_through_arrays() -> None:
    """The key of a value is the one before it, or before the array that it is in."""
    document = Document(b'{"ssn": ["1", 2, "3"], "other": {"a": "4"}}')
    for text, name in ((b'"1"', "ssn"), (b'"3"', "ssn"), (b'"4"', "a")):
        token = document.token(document.payload.index(text))
        assert token is not None and document.names(token) == name


def test_a_bare_key_takes_the_label_beside_it() -> None:
    """What is called `value` is named by its sibling."""
    document = Document(b'{"type": "ssn", "value": "1"}')
    token = document.token(document.payload.index(b'"1"'))
    assert token is not None and document.names(token) == "value ssn"


@pytest.mark.parametrize("text", ["plain", 'a"b\\c', "\u00e9\U0001f600", "\n\t", "\ud800"])
def test_strings_are_decoded(text: str) -> None:
    """Escapes, surrogate pairs and lone surrogates."""
    assert decode(json.dumps(text).encode()) == text


@pytest.mark.parametrize(("raw", "fault"), [(b"[1,]", "not_json"), (b'"\xff"', "not_json"), (b"[" * 5000, "too_deep")])
def test_what_is_no_document(raw: bytes, fault: str) -> None:
    """The check says why a payload cannot be scanned."""
    with pytest.raises(Exhausted) as caught:
        check(raw)
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    ("raw", "value", "names"),
    [
        (b'{"okta":{"url":"u","token":"x"}}', b'"x"', "okta token"),
        (b'{"okta":{"tags":["a",{"b":1}],"token":"x"}}', b'"x"', "okta token"),
        (b'{"okta":{"url":"u"},"token":"x"}', b'"x"', "token"),
        (b'{"okta":[{"token":"x"}]}', b'"x"', "token"),
        (b'{"okta":{"comment":"x"}}', b'"x"', "comment"),
        (b'{"okta":{"n":' + b"1" * 3_000 + b',"token":"x"}}', b'"x"', "token"),
    ],
)
def test_a_key_that_says_little_comes_with_the_key_around_it(raw: bytes, value: bytes, names: str) -> None:
    """Only when that is the key of the object itself, and not for keys that say enough."""
    document = Document(raw)
    token = document.token(raw.index(value))
    assert token is not None and document.names(token) == names
