"""The texts of a payload, and the way back from each to its bytes."""

import json

import pytest

from gatebook.dlp.hit import Exhausted, Hit, Limits, Place
from gatebook.dlp.prose import Text, texts
from gatebook.dlp.redact import redact
from tests.dlp.payloads import payload

LIMITS = Limits()


def said(value: object) -> list[str]:
    """Return the texts of a value."""
    return [text.text for text in texts(payload(value), LIMITS)]


def hit(text: Text, word: str) -> Hit:
    """Return what finds a word in a text."""
    start = text.text.index(word)
    places = text.places(start, start + len(word))
    return Hit(detector="ner/person", pointer="", safe_pointer="", in_key=text.in_key, value=word, layers=(), places=places)


def test_keys_and_values_are_texts_and_what_holds_no_word_is_none() -> None:
    """In the order in which they stand; numbers and single letters are left out."""
    assert said({"Ann Smith": ["hello", "x", "12-34", 5, None, "Łódź"]}) == ["Ann Smith", "hello", "Łódź"]


def test_json_within_text_is_taken_apart() -> None:
    """However deep, with its keys; what only begins like JSON is a text."""
    inner = json.dumps({"name": "Ann", "more": json.dumps(["Bob"])})
    assert said({"text": f" {inner}\n", "no": "[see above]"}) == ["text", "name", "Ann", "more", "Bob", "no", "[see above]"]


@pytest.mark.parametrize("word", ["Ann", "Bob", "Léa"])
def test_the_way_leads_back_to_the_bytes(word: str) -> None:
    """Redaction finds the very word, in plain text, behind escapes and in JSON within JSON."""
    value = {"a": "caf\u00e9 \"Ann\"\n", "b": json.dumps({"c": json.dumps(["\t\U0001f600 Bob"]), "d": "Léa"})}  # fmt: skip
    raw = payload(value)
    (text,) = (one for one in texts(raw, LIMITS) if word in one.text)
    left = redact(raw, [(hit(text, word), "redact")], lambda _: "").decode()
    assert left == raw.decode().replace(word, "[redacted:person]").replace(
        "L\\\\u00e9a", "[redacted:person]" if word == "Léa" else "L\\\\u00e9a"
    )


def test_a_place_is_that_of_the_outer_token() -> None:
    """For the pointer, which cannot lead into a text."""
    (text,) = (one for one in texts(payload({"k": '["Ann"]'}), LIMITS) if one.text == "Ann")
    assert (text.at, text.in_key, text.around) == (6, False, (Place(at=6, start=0, end=7),))


def test_too_many_texts_are_a_fault() -> None:
    """Before anybody is asked about them; what is no JSON is one too."""
    with pytest.raises(Exhausted, match="too_many"):
        texts(payload(["word"] * 11), Limits(texts_max=10))
    with pytest.raises(Exhausted, match="too_many"):
        texts(payload([json.dumps(["word"] * 11)]), Limits(texts_max=10))
    with pytest.raises(Exhausted, match="not_json"):
        texts(b"{", LIMITS)
