"""Resources of kind IdentityProvider: which are taken, and what is said of the others."""

from typing import Any

import msgspec
import pytest

from gatebook.state.changes import Author, plan, write
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.snapshot import read_providers
from gatebook.state.store import Store, bump

GOOD = {"issuer": "https://idp.example/oauth2/default", "client_id": "gatebook"}


def document(name: str = "corp", **changes: Any) -> str:
    """A document of the kind."""
    return msgspec.yaml.encode({"kind": "IdentityProvider", "name": name, "spec": {**GOOD, **changes}}).decode()


@pytest.mark.parametrize("issuer", ["https://idp.example", "https://idp.example/", "https://idp.example:8443/a", "http://127.0.0.1:9000", "http://localhost/a", "http://[::1]:1"])  # fmt: skip
def test_issuers_are_https_or_this_machine(issuer: str) -> None:
    """With and without a slash at the end: it is kept as it is."""
    (found,) = parse_documents(document(issuer=issuer), "x.yaml")
    assert found.spec.issuer == issuer


WRONG = {
    "plain http": ({"issuer": "http://idp.example"}, "spec.issuer: must begin with https://"),
    "no address": ({"issuer": "idp.example"}, "spec.issuer: must begin with https://"),
    "no host": ({"issuer": "https:///a"}, "spec.issuer: must be a host"),
    "half an address": ({"issuer": "https://[::1"}, "spec.issuer: is not a valid address"),
    "a query": ({"issuer": "https://idp.example/?a=b"}, "no query, fragment or user name"),
    "a fragment": ({"issuer": "https://idp.example/#a"}, "no query, fragment or user name"),
    "a password": ({"issuer": "https://u:p@idp.example"}, "no query, fragment or user name"),
    "a secret as it is": ({"client_secret": "hunter2"}, "must be env:NAME or file:/path"),
    "no openid": ({"scopes": ["email"]}, "must hold openid"),
    "none": ({"algorithms": ["none"]}, "'none' is not accepted; it is some of RS256"),
    "a shared secret": ({"algorithms": ["RS256", "HS256"]}, "'HS256' is not accepted"),
    "no algorithm": ({"algorithms": []}, "must name one at least"),
    "no client": ({"client_id": ""}, "spec.client_id"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_with_its_place(wrong: str) -> None:
    """One sentence each; a secret that was written down is not repeated."""
    changes, words = WRONG[wrong]
    with pytest.raises(DocumentError) as caught:
        parse_documents(document(**changes), "x.yaml")
    assert words in str(caught.value) and "hunter2" not in str(caught.value) and "x.yaml:" in str(caught.value)


@pytest.mark.parametrize("name", ["Corp", "a b", "", "x" * 33, "-a", "a/b"])
def test_names_fit_into_an_address(name: str) -> None:
    """They stand in `/login/<name>`."""
    with pytest.raises(DocumentError, match="name"):
        parse_documents(document(name), "x.yaml")


def test_several_are_in_force_at_once(store: Store) -> None:
    """Each by its name, in the snapshot and alone."""
    with store.write() as connection:
        for change in plan(
            connection, parse_documents(document("one") + "---\n" + document("two", sign_in=False, create_people=True), "x.yaml")
        ):
            write(connection, change, Author(name="root", at_us=1))
        bump(connection)
    with store.read() as connection:
        alone = read_providers(connection)
    assert alone == dict(store.snapshot().providers)
    assert alone["one"] == IdentityProviderSpec(**GOOD) and (alone["two"].sign_in, alone["two"].create_people) == (False, True)
