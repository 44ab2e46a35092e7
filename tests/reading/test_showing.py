"""What may be counted, and whether what was made with an access is still within it."""

import pytest

from gatebook.identity.access import Access, built_in_access
from gatebook.identity.directory import make_principal
from gatebook.index.tallies import MEASURES
from gatebook.query import parse
from gatebook.query.confining import HiddenField
from gatebook.query.groups import GROUP_OF
from gatebook.reading.showing import MEASURE_FIELD, countable, shown_by, still_shown, told_apart, where_shown
from gatebook.state.snapshot import Person


def access(*groups: str, subject: str = "me") -> Access:
    """Somebody in these groups."""
    return built_in_access(make_principal(Person(id="x", groups=groups), subject, "session"))


def test_every_measure_is_made_of_a_field() -> None:
    """One that is added has to say of which."""
    assert set(MEASURE_FIELD) == set(MEASURES) and set(MEASURE_FIELD.values()) <= set(GROUP_OF)


def test_a_measure_that_is_hidden_somewhere_is_not_counted() -> None:
    """An administrator counts calls and failures, not people; an employee counts all of it in their own calls."""
    every = tuple(MEASURES)
    assert set(countable(access("admins"), every)) == {"count", "errors", "blocked", "p50_us", "p95_us", "first_us", "last_us"}
    assert countable(access(), every) == every and access().uncounted == ()
    assert countable(access("security"), every) == every and access("security").uncounted == ()


def test_calls_are_told_apart_where_the_field_is_visible() -> None:
    """By a field that is visible in some, only those; by the outcome without what governance changed; by one that is visible nowhere, not at all."""
    query = parse("status:ok")
    assert where_shown(access("admins"), query, "connector") is query
    assert "me" in str(where_shown(access("admins"), query, "person").tree)
    assert told_apart(access("admins"), query, "outcome") == (query, "ended")
    assert told_apart(access("auditors"), query, "outcome") == (query, "outcome")
    with pytest.raises(HiddenField):
        where_shown(access("admins"), query, "fingerprint")


def test_what_was_made_must_still_be_shown() -> None:
    """As much or more; a team must be the same."""
    assert still_shown(shown_by(access()), access("admins")) and still_shown(shown_by(access("admins")), access("security"))
    assert not still_shown(shown_by(access("security")), access("admins")) and not still_shown(shown_by(access("it-support")), access())
    lead = access("team-leads")
    one, other = (Access(roles=lead.roles, shown=lead.shown, own="me", team=frozenset({who})) for who in ("a", "b"))
    assert still_shown(shown_by(one), one) and not still_shown(shown_by(one), other) and still_shown(shown_by(one), access("security"))
