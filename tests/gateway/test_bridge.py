"""Requests and answers cross between the eras and lose nothing that the other side has a word for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway import bridge, wire
from gatebook.gateway.headers import META_CAPABILITIES, META_CLIENT, META_VERSION

params = st.dictionaries(
    st.sampled_from(["name", "arguments", "cursor", "uri", "é"]), st.sampled_from(["x", 1, {"a": [1.5, None]}, "\u2028", True]), max_size=4
)
metas = st.none() | st.dictionaries(
    st.sampled_from(["progressToken", "traceparent", "com.example/x"]), st.sampled_from([1, "t", {"k": 1}]), max_size=3
)
INFO, CAPABILITIES = b'{"name":"c","version":"1"}', b"{}"


@given(params, metas)
def test_the_envelope_goes_on_and_comes_off(members: dict[str, Any], meta: dict[str, Any] | None) -> None:
    """A handshake request made stateless and back again is what it was."""
    given_params = members | ({"_meta": meta} if meta else {})
    text = json.dumps(given_params).encode()
    modern = bridge.params_for_modern(text, INFO, CAPABILITIES)
    loaded = json.loads(modern)
    assert loaded["_meta"] == (meta or {}) | {META_VERSION: "2026-07-28", META_CLIENT: json.loads(INFO), META_CAPABILITIES: {}}
    assert json.loads(bridge.params_for_legacy(modern) or b"") == given_params


def test_no_params_get_an_envelope() -> None:
    """A request without params gets an envelope; an envelope alone leaves empty params."""
    assert META_VERSION in json.loads(bridge.params_for_modern(None, INFO, CAPABILITIES))["_meta"]
    assert bridge.params_for_legacy(None) is None
    assert bridge.params_for_legacy(bridge.params_for_modern(b"null", INFO, CAPABILITIES)) == b"{}"


@given(
    st.dictionaries(
        st.sampled_from(["content", "tools", "isError", "_meta"]), st.sampled_from([[], {"a": 1}, True, [{"text": "é\u2028"}]])
    ),
    st.sampled_from(["tools/call", "tools/list"]),
)
def test_results_cross_both_ways(result: dict[str, Any], method: str) -> None:
    """A result gets what the stateless era requires, and loses exactly that on the way back."""
    message = wire.parse_answer(json.dumps({"jsonrpc": "2.0", "id": 5, "result": result}).encode())
    modern = wire.parse_answer(bridge.answer_for_modern(method, message))
    added = {"resultType": "complete"} | ({"ttlMs": 0, "cacheScope": "private"} if method == "tools/list" else {})
    assert json.loads(modern.result or b"") == result | added and modern.id == b"5"
    assert json.loads(wire.parse_answer(bridge.answer_for_legacy(modern)).result or b"") == result


def test_errors_cross_unchanged() -> None:
    """A JSON-RPC error has the same shape in both eras."""
    message = wire.parse_answer(b'{"jsonrpc":"2.0","id":5,"error":{"code":-32602,"message":"m"}}')
    assert bridge.answer_for_modern("tools/call", message) == message.raw == bridge.answer_for_legacy(message)


@pytest.mark.parametrize("result", ["done", [1], 7, None])
def test_a_result_that_is_no_object_is_not_lost(result: Any) -> None:
    """What a connector wrongly answers is shown as it is, not as an empty result."""
    message = wire.parse_answer(json.dumps({"jsonrpc": "2.0", "id": 5, "result": result}).encode())
    for body in (bridge.answer_for_modern("tools/call", message), bridge.answer_for_legacy(message)):
        assert json.loads(body)["result"] == result


def test_a_question_back_is_not_bridged() -> None:
    """input_required has no form that a handshake client could answer."""
    with pytest.raises(bridge.NotBridged):
        bridge.answer_for_legacy(wire.parse_answer(b'{"jsonrpc":"2.0","id":5,"result":{"resultType":"input_required"}}'))


@pytest.mark.parametrize(
    ("method", "client", "leg", "fails"),
    [
        ("subscriptions/listen", True, False, True),
        ("resources/subscribe", False, True, True),
        ("tools/call", True, False, False),
        ("resources/subscribe", False, False, False),
    ],
)
def test_methods_of_one_era(method: str, client: bool, leg: bool, fails: bool) -> None:
    """Only methods that the other era lacks are refused, and only across eras."""
    if fails:
        with pytest.raises(bridge.NotBridged):
            bridge.check_method(method, client_modern=client, leg_modern=leg)
    else:
        bridge.check_method(method, client_modern=client, leg_modern=leg)


def test_hellos_cross_both_ways() -> None:
    """Capabilities, instructions and the server's name survive from initialize to server/discover and back."""
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "s", "version": "1"},
        "instructions": "Do.",
    }
    discovery = bridge.discovered(json.dumps(hello).encode())
    assert discovery["supportedVersions"] == ["2026-07-28"]
    again = json.loads(wire.encode(bridge.initialized(wire.encode(discovery), "2025-11-25")))
    assert again == hello
    assert bridge.negotiated("2025-06-18") == "2025-06-18" and bridge.negotiated("1999-01-01") == bridge.negotiated(None) == "2025-11-25"
