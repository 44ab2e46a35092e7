"""A box opens in its own place and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.credentials.box import BoxDamaged, Place, open_box, rewrap, seal
from gatebook.identity.credentials.keys import KeyRing, KeyUnknown

RING = KeyRing({"k1": b"k" * 32})
HERE = Place("credential", "ann", "crm")
places = st.builds(Place, st.sampled_from(["credential", "client", "attempt"]), st.text(max_size=20), st.text(max_size=20))


@given(st.binary(max_size=500), places)
def test_what_is_sealed_opens(secret: bytes, place: Place) -> None:
    """For any secret and any place."""
    assert open_box(RING, place, *seal(RING, place, secret)) == secret


@given(places, places)
def test_a_row_that_is_copied_to_another_place_does_not_open(one: Place, other: Place) -> None:
    """Another person, another connector, another purpose; also where the texts run together alike."""
    key_id, box = seal(RING, one, b"secret")
    if one == other:
        assert open_box(RING, other, key_id, box) == b"secret"
        return
    with pytest.raises(BoxDamaged):
        open_box(RING, other, key_id, box)


@given(st.integers(min_value=0, max_value=200))
def test_a_changed_character_is_noticed(place: int) -> None:
    """Wherever it stands."""
    key_id, box = seal(RING, HERE, b"secret of some length")
    at = place % len(box)
    changed = box[:at] + ("A" if box[at] != "A" else "B") + box[at + 1 :]
    try:
        # The last character of base64 may hold bits that count for nothing.
        assert open_box(RING, HERE, key_id, changed) == b"secret of some length"
        assert changed[:-1] == box[:-1] or changed.split(".")[1][:-1] == box.split(".")[1][:-1]
    except BoxDamaged:
        pass


@given(st.text(max_size=100))
def test_any_text_opens_or_is_refused(text: str) -> None:
    """Nothing else comes of it."""
    with pytest.raises(BoxDamaged):
        open_box(RING, HERE, "k1", text)


def test_exchanging_the_key_touches_only_the_wrapped_key() -> None:
    """The secret's own ciphertext stays as it is; without the new key it does not open."""
    key_id, box = seal(RING, HERE, b"secret")
    both = KeyRing({"k1": b"k" * 32, "k2": b"l" * 32})
    new_id, again = rewrap(both, HERE, key_id, box)
    assert new_id == "k2" and again.split(".")[2] == box.split(".")[2] and again != box
    assert open_box(both, HERE, new_id, again) == b"secret"
    assert open_box(KeyRing({"k2": b"l" * 32}), HERE, new_id, again) == b"secret"
    with pytest.raises(KeyUnknown):
        open_box(RING, HERE, new_id, again)


def test_a_box_holds_nothing_of_the_secret() -> None:
    """And two boxes of one secret have nothing in common."""
    one, other = (seal(RING, HERE, b"hunter2hunter2")[1] for _ in range(2))
    assert "hunter2" not in one and one.split(".")[2] != other.split(".")[2]
