"""Words that were read are recognized when they go out, and the filter stays small."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.shingles import FILTER_BYTES, Hasher, Overlap, Shingles

KEY = bytes(range(32))
SECRET = "The merger with Northwind closes on the third of May, and nobody outside the board may know of it before then."
OTHER = "Weather in Lisbon is mild today, with a light wind from the west and no rain before the evening hours begin."
some_words = st.lists(st.sampled_from("one two three four five six seven eight nine ten".split()), max_size=30)


def reader(*responses: str) -> Shingles:
    """What a session knows that read these."""
    known = Shingles(Hasher(KEY))
    for response in responses:
        known.add(response)
    return known


def test_a_copy_is_recognized_whole_and_in_part() -> None:
    """The share is that of the shingles of what goes out."""
    known = reader(SECRET)
    assert known.overlap(SECRET).share == 1.0 and known.overlap(OTHER).share == 0.0
    half = known.overlap(OTHER + " " + SECRET)
    assert half == Overlap(shingles=len(f"{OTHER} {SECRET}".split()) - 7, known=len(SECRET.split()) - 7)


@pytest.mark.parametrize(
    "written",
    [SECRET.upper(), SECRET.replace(" ", "\n"), json.dumps({"body": SECRET.replace(" ", "\t")}), SECRET.replace(" ", " *"), SECRET.replace("e", "\\u0065")],
)  # fmt: skip
def test_how_it_is_written_does_not_matter(written: str) -> None:
    """Case, blanks, marks and JSON's escapes are no words."""
    assert reader(SECRET).overlap(written).known >= len(SECRET.split()) - 7


@given(some_words, some_words)
def test_every_eight_words_in_a_row_are_recognized(read: list[str], sent: list[str]) -> None:
    """Exactly those that stood in the response, with a filter that is nearly empty."""
    stood = {tuple(read[at : at + 8]) for at in range(len(read) - 7)}
    asked = [tuple(sent[at : at + 8]) for at in range(len(sent) - 7)]
    assert reader(" ".join(read)).overlap(" ".join(sent)) == Overlap(
        shingles=len(asked) if stood else 0, known=sum(each in stood for each in asked)
    )


@given(st.text())
def test_any_text_is_known_to_itself(text: str) -> None:
    """Or too short to say anything."""
    found = reader(text).overlap(text)
    assert found.known == found.shingles


def test_signs_of_scripts_without_spaces_are_words() -> None:
    """Ten signs of a sentence within another one are three times eight in a row."""
    assert reader("合併は五月三日に完了します").overlap("秘密:合併は五月三日に完了").known == 3


def test_words_in_another_order_are_other_words() -> None:
    """Each place has its own factor."""
    words = SECRET.split()
    assert reader(SECRET).overlap(" ".join(words[::-1])).known == 0


def test_another_key_gives_other_numbers() -> None:
    """Without the key a filter says nothing."""
    assert Hasher(KEY).shingles(SECRET).tolist() == Hasher(KEY).shingles(SECRET).tolist()
    assert not set(Hasher(KEY).shingles(SECRET)) & set(Hasher(KEY[::-1]).shingles(SECRET))


def test_nothing_read_is_nothing_known() -> None:
    """And fewer than eight words are nothing read."""
    assert Shingles(Hasher(KEY)).overlap(SECRET) == reader("a b c d e f g").overlap(SECRET) == Overlap(shingles=0, known=0)


def test_only_the_beginning_of_a_response_counts() -> None:
    """Sixty-four K characters."""
    assert reader("x " * 32_768 + SECRET).overlap(SECRET).known == 0
    assert reader("x " * 30_000 + SECRET).overlap(SECRET).share == 1.0


def test_the_filter_is_bounded_and_forgets_the_oldest() -> None:
    """Many responses fill two filters, in which false answers stay rare."""
    known = reader(SECRET)
    for page in range(30):
        known.add(" ".join(f"w{page}x{number}" for number in range(8_000)))
    assert [len(each) for each in known._filters] == [FILTER_BYTES] * 2
    assert known.overlap(SECRET).share == 0.0
    assert known.overlap(" ".join(f"w29x{number}" for number in range(7_000))).share == 1.0
    assert known.overlap(" ".join(f"y{number}" for number in range(20_000))).share < 0.05


def test_a_hasher_does_not_remember_without_end() -> None:
    """Words that were hashed are forgotten when there are many, long ones cut."""
    hasher = Hasher(KEY)
    for page in range(12):
        hasher.shingles(" ".join(f"w{page}x{number}" for number in range(12_000)))
    hasher.shingles("l" * 10_000)
    assert len(hasher._words) < 80_000 and max(map(len, hasher._words)) <= 64


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 65])
def test_bad_keys_are_refused(key: bytes) -> None:
    """Too short to be secret, or longer than the hash takes."""
    with pytest.raises(ValueError, match="16 to 64"):
        Hasher(key)


def test_a_large_response_takes_milliseconds() -> None:
    """A hundred, with much room for slow machines."""
    text = " ".join(f"w{number}" for number in range(10_000))[:65_536]
    start = time.perf_counter()
    for _ in range(5):
        reader(text).overlap(text)
    assert (time.perf_counter() - start) / 5 < 0.4
