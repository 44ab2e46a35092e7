"""The tap changes nothing and misses nothing."""

import aiohttp

from conformance.tap import SseReader, Tap
from tests.fixtures.hostile import Hostile


def call(tool: str) -> dict[str, object]:
    """A call of a tool of the hostile upstream."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool}}


async def test_stream_is_relayed_and_counted() -> None:
    """Progress and answer of a stream pass unchanged and are counted by kind."""
    async with Hostile() as upstream, Tap(upstream.url) as tap, aiohttp.ClientSession() as session:
        async with session.post(upstream.url, json=call("sse_ok")) as answer:
            direct = await answer.read()
        async with session.post(tap.url, json=call("sse_ok")) as answer:
            assert await answer.read() == direct
        counts = {("to_connector", "request"): 1, ("to_client", "notification"): 2, ("to_client", "response"): 1}
        assert tap.counts() == counts


async def test_headers_are_those_of_a_client_without_tap() -> None:
    """The upstream sees its own address in Host and Origin, and every other header as it was sent."""
    async with Hostile() as upstream, Tap(upstream.url) as tap, aiohttp.ClientSession() as session:
        origin = tap.url.removesuffix("/mcp")
        headers = {"Origin": origin, "Mcp-Method": "tools/call", "Authorization": "Bearer x"}
        async with session.post(tap.url, json=call("ok"), headers=headers):
            seen = upstream.requests[0].headers
        own = upstream.url.removeprefix("http://").removesuffix("/mcp")
        assert (seen["host"], seen["origin"]) == (own, f"http://{own}")
        assert (seen["mcp-method"], seen["authorization"]) == ("tools/call", "Bearer x")
        async with session.post(tap.url, json=call("ok"), headers={"Host": "evil.example.com"}):
            assert upstream.requests[1].headers["host"] == "evil.example.com"


def test_events_are_cut_wherever_the_chunks_end() -> None:
    """Byte by byte gives the same events as all at once."""
    stream = b": hello\n\ndata: one\n\nid: 1\r\ndata: two\r\ndata: lines\r\n\r\ndata:\n\n"
    whole = SseReader().feed(stream)
    reader = SseReader()
    assert [data for byte in stream for data in reader.feed(bytes([byte]))] == whole == [b"one", b"two\nlines"]
