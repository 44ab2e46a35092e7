"""A person as one value."""

from hypothesis import given
from hypothesis import strategies as st

from gatebook.index.people import Person, key, person_of


@given(st.text(), st.text(), st.text())
def test_a_key_says_who_it_is(id: str, email: str, name: str) -> None:
    """Whatever stands in id, address and name."""
    assert person_of(key(id, email, name)) == Person(id, email, name)


def test_nobody_has_an_empty_key() -> None:
    """So that the column says by itself whether somebody is known."""
    assert key("", "", "") == ""


def test_people_are_called_by_name_or_address_or_id() -> None:
    """The first that is known."""
    assert [Person("a", "b", "c").label, Person("a", "b").label, Person("a").label] == ["c", "b", "a"]
