"""The trace context is taken where it is valid, and made where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway.context import source_of, trace_of, user_agent_of

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{ID}-{SPAN}-01"


def test_meta_goes_before_the_header() -> None:
    """SEP-414: what the message says counts more than what the connection says."""
    other = GOOD.replace("4b", "11")
    assert trace_of(GOOD, {b"traceparent": other.encode()}).id == ID
    assert trace_of(None, {b"traceparent": GOOD.encode()}).parent == SPAN
    assert trace_of("nonsense", {b"traceparent": GOOD.encode()}).id == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        GOOD.upper(),
        GOOD.replace("4", "g"),
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"00-{ID}{SPAN}-01",
        f"00-{ID}-{SPAN}",
    ],
)
def test_what_is_not_valid_is_made_anew(text: str) -> None:
    """Capital letters, zeros, short and long fields are not taken over."""
    trace = trace_of(text, {})
    assert trace.made and len(trace.id) == 32 and len(trace.parent) == 16 and trace.id not in text.lower()


@given(st.binary(max_size=80), st.text(max_size=80))
def test_any_bytes_give_a_trace(header: bytes, meta: str) -> None:
    """Whatever is sent, the record gets a well-formed trace."""
    trace = trace_of(meta, {b"traceparent": header})
    assert int(trace.id, 16) and int(trace.parent, 16)


def test_where_a_request_comes_from() -> None:
    """A peer has an address; a unix socket has none; the user agent is cut."""
    assert (source_of(("::1", 5)).ip, source_of(None).ip) == ("::1", "unix")
    assert user_agent_of({}) is None and len(user_agent_of({b"user-agent": b"\xff" * 999}) or "") == 256
