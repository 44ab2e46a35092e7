"""Local codings and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.dlp.fold import fold, fold_form, fold_marks, fold_quoted, folds, plain

CASES = {
    "a%40b": "a@b",
    "&#64;&commat;": "@@",
    "\\u0040 \\x41": "@ A",
    "\uff14\uff12": "42",
    "4\u200b2\u00ad": "42",
    "12\u201134": "12-34",
    "p\u0430ssw\u043erd": "password",
    "\u0664\u0662": "42",
    "".join(chr(0xE0000 + ord(char)) for char in "send"): "send",
    "4\U000e00412\U000e007f4\U000e0020\U000e00412": "4242",
}


@pytest.mark.parametrize("text", CASES)
def test_what_is_folded(text: str) -> None:
    """Each coding becomes what it stands for."""
    folded = fold(text)
    assert folded is not None and folded.text == CASES[text] == plain(text)


def test_what_is_left() -> None:
    """Letters with accents and other alphabets stay, and plain text needs no copy."""
    assert fold("jos\u00e9 m\u00fcller") is None
    assert fold("100% & more \\ text") is None


@given(st.text(alphabet="ab 1\u200b\u00ad\u0430\u043f\u00e9\u0301\ufb03\uff11\u2026\u00bd\U0001d7d8\u2011", min_size=1, max_size=20))
def test_the_quick_way_back_is_the_long_one(text: str) -> None:
    """Where characters stand for characters, each span of the outcome leads to the same place by letters as by pieces."""
    folded = fold(text)
    if folded is None:
        return
    spans = [(start, end) for end in range(1, len(folded.text) + 1) for start in range(end)]
    assert [folded.original(*span) for span in spans] == [folded.by_pieces(*span) for span in spans]


def test_the_way_back() -> None:
    """A span of the outcome leads to the whole codings that it came from, and names them."""
    folded = fold("x %40 a\u200bb %41%42 y")
    assert folded is not None and folded.text == "x @ ab AB y"
    assert folded.original(2, 3) == (2, 5, ("percent",))
    assert folded.original(4, 6) == (6, 9, ("unicode",))
    assert folded.original(7, 8) == (10, 13, ("percent",))
    assert folded.original(10, 11) == (17, 18, ())


def test_quoted_printable() -> None:
    """Quoted-printable is folded where its usual signs are, soft line breaks included."""
    folded = fold_quoted("a=40b=\r\nc")
    assert folded is not None and folded.text == "a@bc" and folded.original(0, 4) == (0, 9, ("quoted_printable",))
    assert fold_quoted("a=b&c=d") is None


def test_forms() -> None:
    """In the fields of a form + is a space and percent is decoded; a sum is no form."""
    folded = fold_form("a=1&text=pay+%2B49+30")
    assert folded is not None and folded.text == "a=1&text=pay +49 30"
    assert folded.original(13, 16) == (13, 18, ("percent",))
    assert folded.original(12, 13) == (12, 13, ("form",))
    assert fold_form("total = a + b") is None and fold_form("C++") is None


@pytest.mark.parametrize(
    ("text", "plain_text"), [("47**9-10**-3546", "479-10-3546"), ("`ab``cd`", "`abcd`"), ("ghp\\_ab\\-c", "ghp_ab-c"), ("a~~b~~c", "abc")]
)
def test_marks_within_a_word(text: str, plain_text: str) -> None:
    """Markdown in the middle of a value is taken away, and a span leads back to the marks."""
    folded = fold_marks(text)
    assert folded is not None and folded.text == plain_text
    assert folded.original(0, len(plain_text)) == (0, len(text), ("markdown",))


def test_marks_around_words_stay() -> None:
    """Bold words, bullets, code and paths are left as they are."""
    assert all(fold_marks(text) is None for text in ("**Name**: x", "* a\n* b", "`a` and `b`", "C:\\temp\\new", "2 ** 3"))


@given(st.text(st.sampled_from("ab4%&#;64\\u0x\u200b\uff14=\u0430 \u00e9\u0301+*`~_-.\U000e0041\U000e007f"), max_size=40))
def test_spans_lead_back_in_order(text: str) -> None:
    """Whatever the text and the coding, every character of the outcome leads to a span of the source, and spans never run backwards."""
    for folded in folds(text):
        spans = [folded.original(place, place + 1)[:2] for place in range(len(folded.text))]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert spans == sorted(spans)
