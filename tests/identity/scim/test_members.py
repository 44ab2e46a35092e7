"""Changes of members as sets: in their order, and as fast as their number says."""

import time
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import InvalidValueException, PatchOp

from gatebook.identity.scim.catalog import GROUP, provider
from gatebook.identity.scim.members import MemberChange, apply, ids_of, split

_IDS = st.lists(st.sampled_from("abcdef"), max_size=4).map(tuple)
_CHANGES = st.lists(st.tuples(st.sampled_from(["add", "remove", "replace"]), _IDS), max_size=6)


@given(st.sets(st.sampled_from("abcdef")), _CHANGES)
def test_who_is_in_afterwards(before: set[str], steps: list[tuple[Literal["add", "remove", "replace"], tuple[str, ...]]]) -> None:
    """Somebody is in when the last change about them put them in; a replacement is about everybody."""
    changes = [MemberChange(kind=kind, ids=ids) for kind, ids in steps]
    for one in "abcdef":
        expected = one in before
        for change in changes:
            if change.kind == "replace" or one in change.ids:
                expected = change.kind != "remove" and one in change.ids
        assert (one in apply(before, changes)) == expected


def test_thousands_are_removed_at_once() -> None:
    """Five thousand values are taken out of five thousand members in no time; the library alone takes minutes."""
    ids = [f"{number:032x}" for number in range(5000)]
    with provider():
        operations = [{"op": "remove", "path": "members", "value": [{"value": id} for id in ids[1:]]}]
        patch = PatchOp[provider().model_for(GROUP)].model_validate({"Operations": operations})  # type: ignore[misc]
    began_s = time.monotonic()
    changes, rest = split(patch.operations or ())
    assert apply(ids, changes) == {ids[0]} and rest == []
    assert time.monotonic() - began_s < 1


@pytest.mark.parametrize("value", [[{}], [{"value": 7}], 7, [{"value": ""}]])
def test_a_member_without_an_id_is_refused(value: object) -> None:
    """A sentence says what a member must have."""
    with pytest.raises(InvalidValueException, match="each of members must have a value"):
        ids_of(value)
