"""Where a change may come from, and what its body may be."""

from typing import Any

import pytest
from msgspec import Struct
from starlette.requests import Request

from gatebook.api.bodies import BODY_BYTES_MAX, check_origin, read_body
from gatebook.api.problems import Problem
from gatebook.identity.directory import Principal
from gatebook.reading.viewer import Viewer


class Named(Struct, forbid_unknown_fields=True):
    """A body."""

    name: str


class Counted(Struct):
    """A body with a number."""

    count: int | None


def request(body: bytes = b"", **headers: str) -> Request:
    """A POST with these headers."""
    pieces = iter([body])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(pieces, b""), "more_body": False}

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": pairs}, receive)


def viewer(auth: str) -> Viewer:
    """Somebody who came in this way."""
    principal = Principal(person="ann", subject="aaa", email="", name="", groups=(), kind="person", auth=auth, identity=b"{}")  # type: ignore[arg-type]
    return Viewer(principal=principal)


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"origin": "https://book.example", "host": "book.example"}, True),
        ({"sec_fetch_site": "same-origin", "origin": "https://book.example", "host": "book.example"}, True),
        ({}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"origin": "https://evil.example", "host": "book.example"}, False),
        ({"origin": "null", "host": "book.example"}, False),
        ({"sec_fetch_site": "same-origin", "origin": "https://evil.example", "host": "book.example"}, False),
    ],
)
def test_a_session_changes_things_from_the_console_only(headers: dict[str, str], let_in: bool) -> None:
    """A foreign page has the browser send the cookie, but not these headers."""
    if let_in:
        check_origin(request(**headers), viewer("session"))
    else:
        with pytest.raises(Problem) as caught:
            check_origin(request(**headers), viewer("session"))
        assert caught.value.status == 403


@pytest.mark.parametrize("auth", ["token", "socket"])
def test_who_presents_a_token_needs_no_origin(auth: str) -> None:
    """A program sends no such headers, and nobody else can send its token."""
    check_origin(request(), viewer(auth))


async def test_a_body_is_json_of_the_asked_shape() -> None:
    """What fits is read."""
    assert await read_body(request(b'{"count": 5.0}', content_type="application/json"), Counted) == Counted(5)
    assert await read_body(request(b'{"name": "x"}', content_type="application/json; charset=utf-8"), Named) == Named("x")


@pytest.mark.parametrize(
    ("body", "sort", "status"),
    [
        (b"{}", "application/json", 400),
        (b'{"name": 1}', "application/json", 400),
        (b'{"name": "x", "more": 1}', "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b'{"name": "\xff"}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b"", "application/json", 400),
        (b'{"name": "x"}', "text/plain", 415),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b" " * (BODY_BYTES_MAX + 1), "application/json", 413),
    ],
)
async def test_any_other_body_is_refused(body: bytes, sort: str, status: int) -> None:
    """Each fault has its status."""
    with pytest.raises(Problem) as caught:
        await read_body(request(body, content_type=sort), Named)
    assert caught.value.status == status
