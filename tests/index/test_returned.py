"""How many records an answer brought."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.index.returned import returned


def answer(**result: object) -> bytes:
    """A JSON-RPC answer."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def text(*texts: str) -> list[dict[str, str]]:
    """Content of text items."""
    return [{"type": "text", "text": item} for item in texts]


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (answer(structuredContent={"items": [1, 2, 3], "page": {"next": [1]}}, content=text("x")), 3),
        (answer(structuredContent={"name": "one"}), 1),
        (answer(structuredContent={"items": []}), 0),
        (answer(structuredContent=None, content=text("[1,2]")), 2),
        (answer(content=text('{"id":1}', '{"id":2}')), 2),
        (answer(content=text("three lines of text")), 1),
        (answer(content=text("")), 0),
        (answer(content=[{"type": "image", "data": "", "mimeType": "image/png"}]), 1),
        (answer(contents=[{"uri": "a"}, {"uri": "b"}]), 2),
        (answer(content=text("no such customer"), isError=True), 0),
        (b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"x"}}', 0),
        (b"", 0),
        (b"{", 0),
        (b"[" * 5000, 0),
        (answer(content=text("[" * 5000)), 1),
    ],
)
def test_records_are_counted(data: bytes, count: int) -> None:
    """Lists count by their length, single things as one, errors as none."""
    assert returned(data) == count


@given(st.binary(max_size=200))
def test_no_answer_breaks_the_count(data: bytes) -> None:
    """Whatever a connector sends, there is a number."""
    assert returned(data) >= 0
