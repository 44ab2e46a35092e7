"""What is recorded of a request: enough to know what happened, no name in the core, no password anywhere."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.scim.recording import said, shown_filter, shown_path
from gatebook.record.body_directory import DirectoryRequest
from tests.identity.scim.conftest import Provisioner, Recorded


def test_every_request_is_recorded(directory: Provisioner, recorded: Callable[[], Recorded]) -> None:
    """Reading, writing, failing and being turned away each leave one record."""
    ana = directory.user("ana@example.com")
    directory.send("GET", '/Users?filter=userName eq "ana@example.com"')
    directory.send("POST", "/Users", {"userName": "ana@example.com"})
    directory.send("GET", "/Users/ana@example.com")
    directory.send("GET", "/Users", Authorization="Bearer wrong")
    found = [(body, parts) for body, parts in recorded() if isinstance(body, DirectoryRequest)]
    assert [(body.method, body.path, body.status) for body, _ in found] == [
        ("POST", "/Users", 201),
        ("GET", "/Users", 200),
        ("POST", "/Users", 409),
        ("GET", "/Users/…", 404),
        ("GET", "/Users", 401),
    ]
    assert (found[1][0].filter, found[2][0].error) == ('userName eq "…"', "uniqueness")
    assert [body.actor.token for body, _ in found] == ["scim_1"] * 4 + [None]
    assert json.loads(found[0][1]["message"])["userName"] == "ana@example.com"
    assert found[4][1] == {}
    assert ana["id"] not in str(found[0][0])


@given(st.text(max_size=60))
def test_no_path_tells_a_name(text: str) -> None:
    """Only addresses of SCIM and ids of ours are left of a path."""
    shown = shown_path(f"/Users/{text}")
    assert all(part in ("", "…", "Users", ".search") or part.isalnum() for part in shown.split("/"))
    assert shown_path("/Users/" + "0f" * 16) == "/Users/" + "0f" * 16


@given(st.from_regex(r"[a-z]{4,12}@[a-z]{4,12}", fullmatch=True))
def test_no_filter_tells_a_value(value: str) -> None:
    """Values are left out, and so is a filter that cannot be read."""
    assert shown_filter(f'userName eq "{value}" and active eq true') == 'userName eq "…" and active eq true'
    assert shown_filter(f"userName eq {value}") == "…"


@given(
    st.recursive(st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    st.integers(0, 3),
)
def test_a_password_is_cut_out_wherever_it_is(around: Any, form: int) -> None:
    """As an attribute, in a PATCH with and without a path, and with its schema before it."""
    secret = "Tr0ub4dor-and-3"
    held: Any = [
        {"password": secret},
        {"op": "replace", "path": "Password", "value": secret},
        {"op": "replace", "value": {"urn:ietf:params:scim:schemas:core:2.0:User:password": secret}},
        {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": [secret]},
    ][form]
    text = said(json.dumps({"Operations": [held], "around": around}).encode()).text
    assert text is not None and secret.encode() not in text


def test_what_is_no_json_is_not_kept() -> None:
    """A body that is none, or too large, is named as such."""
    assert said(b"userName=ana").dropped == "not_json"
    assert said(json.dumps({"x": "y" * 300_000}).encode()).dropped == "too_large"
    assert said(b"").text is None
