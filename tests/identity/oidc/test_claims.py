"""Claims, whatever they are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.accounts import is_email, is_group
from gatebook.identity.oidc.claims import read_claims
from gatebook.state.identity_providers import IdentityProviderSpec

SPEC = IdentityProviderSpec(issuer="https://idp.example", client_id="c", groups_claim="groups")
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.just("ana@corp.example")
ANY = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6
)
NAMES = ("sid", "oid", "email", "email_verified", "name", "preferred_username", "groups")


@given(st.fixed_dictionaries({"sub": st.text(min_size=1)}, optional=dict.fromkeys(NAMES, ANY)))
def test_whatever_a_provider_claims_is_cut_to_shape(claims: dict[str, Any]) -> None:
    """Texts are printable and bounded, groups are names of groups, an address is one and was verified."""
    who = read_claims(SPEC, claims)
    assert who.issuer == SPEC.issuer and who.sub == claims["sub"]
    assert who.name.isprintable() and len(who.name) <= 120
    assert all(is_group(group) for group in who.groups or ()) and all(isinstance(key, str) and key for key in who.keys)
    if who.email:
        assert is_email(who.email) and who.email == claims["email"].lower() and claims["email_verified"] in (True, "true")


@pytest.mark.parametrize("verified", [False, None, 1, "True", "yes", [True], {"v": True}])
def test_an_address_that_is_not_said_to_be_verified_does_not_count(verified: Any) -> None:
    """Only true, or the text true that some providers send."""
    claims = {"sub": "s", "email": "Ana@corp.example"}
    assert read_claims(SPEC, {**claims, "email_verified": verified}).email == read_claims(SPEC, claims).email == ""
    assert read_claims(SPEC, {**claims, "email_verified": True}).email == "ana@corp.example"
    assert read_claims(SPEC, {**claims, "email_verified": "true"}).email == "ana@corp.example"


def test_groups_are_read_only_where_the_resource_names_a_claim() -> None:
    """One name or many; reserved and odd ones are left out; without a claim there are none to apply."""
    groups = ["admins", "everyone", "a" * 65, 7, "Team Blue", "<b>"]
    assert read_claims(SPEC, {"sub": "s", "groups": groups}).groups == ("Team Blue", "admins")
    assert read_claims(SPEC, {"sub": "s", "groups": "admins"}).groups == ("admins",)
    assert read_claims(SPEC, {"sub": "s"}).groups == ()
    assert read_claims(IdentityProviderSpec(issuer="https://i", client_id="c"), {"sub": "s", "groups": groups}).groups is None


def test_keys_are_those_of_the_claims_that_are_named_in_their_order() -> None:
    """Each once; what is no text is none."""
    assert read_claims(SPEC, {"sub": "s", "oid": "o"}).keys == ("o", "s")
    assert read_claims(SPEC, {"sub": "s", "oid": ["o"]}).keys == ("s",)
    assert read_claims(SPEC, {"sub": "s", "oid": "s"}).keys == ("s",)
