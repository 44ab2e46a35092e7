"""A canary is recognized wherever it turns up, and nothing else is taken for one."""

import base64
import json
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.canary import find, make

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
CALL = "01970f6e-1c2b-7a11-8c3d-0123456789ab"
ids = st.binary(min_size=16, max_size=16)
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@given(ids, st.text(max_size=20), st.text(max_size=20))
def test_a_canary_names_its_call(call_id: bytes, before: str, after: str) -> None:
    """It looks like a token, is the same each time, and is found in a JSON string whatever surrounds it."""
    token = make(KEY, call_id)
    assert re.fullmatch("ghp_[0-9A-Za-z]{36}", token) and token == make(KEY, str(uuid.UUID(bytes=call_id)))
    text = json.dumps({"a": [before + token + after, token]}).encode()
    assert find(KEY, text) == [str(uuid.UUID(bytes=call_id))]


@given(ids, st.integers(0, 35), st.sampled_from(BASE62))
def test_a_changed_character_is_never_found(call_id: bytes, place: int, digit: str) -> None:
    """A token in which one character is another one says nothing."""
    token = make(KEY, call_id)
    other = token[: 4 + place] + digit + token[5 + place :]
    assert bool(find(KEY, other.encode())) is (other == token)


@given(ids, ids)
def test_neighbours_share_nothing(one: bytes, other: bytes) -> None:
    """Different calls and different keys give different tokens, and another key finds none."""
    assert (make(KEY, one) == make(KEY, other)) is (one == other)
    assert make(KEY, one) != make(OTHER_KEY, one)
    assert find(OTHER_KEY, make(KEY, one).encode()) == []


def test_tokens_do_not_look_alike_from_call_to_call() -> None:
    """Consecutive ids give tokens with many first characters: the id does not shine through."""
    tokens = [make(KEY, number.to_bytes(16, "big")) for number in range(500)]
    assert len({token[4] for token in tokens}) > 40
    assert len({token[-1] for token in tokens}) > 40


def test_several_are_found_in_order_and_once() -> None:
    """Each call is named once, by its first canary."""
    other = str(uuid.UUID(int=5))
    text = " ".join(make(KEY, call) for call in (CALL, other, CALL))
    assert find(KEY, text.encode()) == [CALL, other]


@pytest.mark.parametrize(
    "text", [b"", b"ghp_", b"ghp_" * 50, b"ghp_" + b"z" * 36, b"ghp_" + b"0" * 36, b"ghp_" + b"A" * 35, b"gho_" + b"A" * 36]
)
def test_what_is_no_canary_is_not_found(text: bytes) -> None:
    """Real tokens, pieces and numbers that are too large are passed over."""
    assert find(KEY, text) == []


def test_a_canary_behind_many_false_ones_is_found() -> None:
    """No number of look-alikes hides it, and overlapping prefixes do not either."""
    false = b"".join(b"ghp_%036d" % number for number in range(2_000))
    assert find(KEY, false + b"ghp_ghp_" + make(KEY, CALL).encode()) == [CALL]


def test_what_encodes_the_text_hides_it() -> None:
    """The stated limit: base64 of a canary is not found."""
    assert find(KEY, base64.b64encode(make(KEY, CALL).encode())) == []


@pytest.mark.parametrize(("key", "call_id"), [(b"short", CALL), (KEY, b"x"), (KEY, "no uuid"), (KEY, b"x" * 17)])
def test_bad_keys_and_ids_are_refused(key: bytes, call_id: bytes | str) -> None:
    """A key that could be guessed, or an id that would not come back, raises ValueError."""
    with pytest.raises(ValueError):
        make(key, call_id)
