"""JSON pointers of tokens."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.dlp.document import Document
from gatebook.dlp.hit import Exhausted
from gatebook.dlp.pointers import escape, pointers

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=20
)


def expected(value: Any, path: str) -> list[str]:
    """Return the pointers of all strings and keys of a value in order."""
    if isinstance(value, dict):
        return [one for key, item in value.items() for one in [f"{path}/{escape(key)}", *expected(item, f"{path}/{escape(key)}")]]
    if isinstance(value, list):
        return [one for place, item in enumerate(value) for one in expected(item, f"{path}/{place}")]
    return [path] if isinstance(value, str) else []


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_pointers_are_those_of_the_parsed_document(value: object, indent: int | None, ascii_only: bool) -> None:
    """Every string and key of any document has the pointer that a parser would give it."""
    raw = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    document = Document(raw)
    tokens = list(document.strings())
    got = pointers(document, tokens, 1000, {})
    assert [got[token.at][0] for token in tokens] == expected(value, "")


def test_numbers_have_pointers() -> None:
    """A number has the pointer of its member or element."""
    document = Document(b'{"a": [1, {"b": 22, "c": [[3, 44]]}], "d": 5}')
    tokens = [token for text in (b"1", b"22", b"44", b"5") if (token := document.token(document.payload.index(text))) is not None]
    assert [plain for plain, _ in pointers(document, tokens, 10, {}).values()] == ["/a/0", "/a/1/b", "/a/1/c/0/1", "/d"]


def test_hidden_names_are_replaced_in_the_second() -> None:
    """The second pointer shows another name for the keys that are given."""
    raw = b'{"ann@acme.com":{"x":["y"]}}'
    document = Document(raw)
    token = document.token(raw.index(b'"y"'))
    assert token is not None
    assert pointers(document, [token], 10, {1: "[redacted:email]"}) == {22: ("/ann@acme.com/x/0", "/[redacted:email]/x/0")}


def test_a_finding_too_deep_is_an_error() -> None:
    """Deeper than allowed is refused, so that pointers stay short."""
    with pytest.raises(Exhausted):
        document = Document(b"[" * 20 + b'"x"' + b"]" * 20)
        pointers(document, list(document.strings()), 10, {})
