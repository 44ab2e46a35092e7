"""What the client gets back: always an answer to its own request."""

from conformance.servers import fixture
from tests.gateway.conftest import Start, call, spec


async def test_an_error_of_the_connector_carries_the_id_of_the_request(gateway: Start) -> None:
    """A connector that needs a session answers with an id of null; the client is told which of its requests that was."""
    async with fixture() as url, gateway({"fix": spec(url=url)}) as running:
        status, answer, _ = await running.post("/mcp/fix", call("test_simple_text", id=41))
        assert (status, answer["id"], "error" in answer) == (400, 41, True)


async def test_the_aggregate_serves_a_client_without_a_session(gateway: Start) -> None:
    """Where the connector needs a session the gateway has one of its own for that person."""
    async with fixture() as url, gateway({"fix": spec(url=url)}) as running:
        status, answer, _ = await running.post("/mcp", call("fix__test_simple_text", id="a"))
        found = answer[0] if isinstance(answer, list) else answer
        assert (status, found["id"]) == (200, "a")
        assert found["result"]["content"][0]["type"] == "text"
