"""Searches in SQL find what the filter itself takes, no more and no less."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import ScimFilter

from gatebook.identity.scim.catalog import GROUP, USER, provider
from gatebook.identity.scim.finding import narrowed
from tests.identity.scim.conftest import Provisioner

_VALUES = ("Ana", "ana", "bo", "x-1", "X-1", "ana@corp.local", "BO@corp.local", "Straße", "STRASSE", "none")
_LEAVES = st.builds(
    "{} {} {}".format,
    st.sampled_from(["userName", "externalId", "displayName", "emails", "emails.value", "emails.type", "title", "name.familyName"]),
    st.sampled_from(["eq", "eq", "eq", "ne", "co"]),
    st.sampled_from([f'"{value}"' for value in _VALUES]),
) | st.sampled_from(
    [
        'emails[type eq "work" and value eq "ana@corp.local"]',
        'emails[type eq "home"].value eq "bo@corp.local"',
        "active eq true",
        "title pr",
    ]
)
_FILTERS = st.recursive(
    _LEAVES,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner) | st.builds("({} or {})".format, inner, inner) | st.builds("not ({})".format, inner)
    ),
    max_leaves=5,
)


@pytest.fixture
def crowd(directory: Provisioner) -> Provisioner:
    """Users who differ in case, in umlauts and in what they have."""
    directory.user("Ana", externalId="x-1", displayName="Straße", emails=[{"value": "ana@corp.local", "type": "work"}])
    directory.user("bo", externalId="X-1", title="ana", emails=[{"value": "Bo@corp.local", "type": "home"}, {"value": "ana@corp.local"}])
    directory.user("x-1", displayName="ana", name={"familyName": "Bo"})
    directory.user("Strasse", active=False)
    return directory


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=_FILTERS)
def test_sql_finds_what_the_filter_takes(crowd: Provisioner, asked: str) -> None:
    """The answer is that of the filter on each user by itself."""
    model: Any = provider().model_for(USER)
    bound: Any = ScimFilter
    everybody = crowd.send("GET", "/Users")[1]["Resources"]
    expected = {one["userName"] for one in everybody if bound[model](asked).match(model.model_validate(one))}
    status, answer = crowd.send("GET", f"/Users?filter={quote(asked)}")
    assert (status, {one["userName"] for one in answer.get("Resources", ())}) == (200, expected)


def test_common_filters_are_narrowed() -> None:
    """What directories match with is asked of the database; what it cannot tell is not."""

    def is_narrowed(kind: str, text: str) -> bool:
        bound: Any = ScimFilter
        return narrowed(kind, bound[provider().model_for(kind)](text)) is not None

    for text in (
        'userName eq "a"',
        'externalId eq "a"',
        'id eq "a"',
        'displayName eq "a"',
        'emails eq "a"',
        'emails[type eq "work"].value eq "a"',
    ):
        assert is_narrowed(USER, text), text
    assert is_narrowed(USER, 'userName eq "a" and title pr') and is_narrowed(GROUP, 'id eq "a" and members eq "b"')
    assert not any(
        is_narrowed(USER, text) for text in ('title eq "a"', 'userName eq "a" or title pr', 'not (userName eq "a")', 'userName ne "a"')
    )
