"""Payloads as coloured text."""

import html
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.console.jsontree import SHOWN_CHARACTERS_MAX, diff, pretty

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def text_of(markup: str) -> str:
    """What a browser shows of it."""
    return html.unescape(re.sub(r"</?span[^>]*>", "", markup))


@given(JSON)
def test_the_shown_text_is_the_same_json(value: object) -> None:
    """Laid out and without its tags it parses to the value that was sent."""
    shown, cut = pretty(json.dumps(value).encode())
    assert json.loads(text_of(shown)) == value and not cut


@given(st.binary(max_size=200))
def test_any_bytes_come_out_as_text_without_tags(data: bytes) -> None:
    """No byte of a payload becomes markup."""
    shown, _ = pretty(data)
    assert re.sub(r'<span class="[knswp]">|</span>', "", shown).count("<") == 0


@pytest.mark.parametrize("data", [b'{"a":1,"a":2}', b'{"n":123456789012345678901234567890.10}', b'"\\ud800"'])
def test_what_parsers_would_change_stays_as_sent(data: bytes) -> None:
    """Repeated keys, long numbers and half surrogates are shown as they are."""
    assert re.sub(r"\s", "", text_of(pretty(data)[0])) == data.decode()


def test_a_long_or_deep_payload_is_cut_or_shown_flat() -> None:
    """The page stays small, and says so."""
    shown, cut = pretty(b'["' + b"x" * SHOWN_CHARACTERS_MAX + b'"]')
    assert cut and len(shown) < SHOWN_CHARACTERS_MAX + 1000
    deep = b"[" * 5000 + b"]" * 5000
    assert text_of(pretty(deep)[0]) == deep.decode()


def test_a_diff_is_coloured_and_escaped() -> None:
    """Lines of a diff carry their class, and markup in them is text."""
    assert diff(b"+<b>\n-x\n same") == '<span class="add">+&lt;b&gt;</span>\n<span class="del">-x</span>\n same'
