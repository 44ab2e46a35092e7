"""Where a request goes, and what is said of one that goes nowhere."""

import pytest

from tests.gateway.conftest import Start, call, spec


@pytest.mark.parametrize(("path", "name"), [("/mcp/x", "ok"), ("/mcp", "x__ok")])
@pytest.mark.parametrize("spec_of", [{"tools": {"deny": ["ok"]}}, {"allow": {"groups": ["others"]}}])
async def test_a_blocked_call_is_recorded_under_its_connector(gateway: Start, path: str, name: str, spec_of: dict[str, object]) -> None:
    """On the aggregate too a refused call is found by its connector, and by its tool as the connector names it."""
    async with gateway({"x": spec(url="http://127.0.0.1:9/mcp", **spec_of)}) as running:
        await running.post(path, call(name))
        (refused,) = (record.body for record in running.records("call.refused"))
        assert (refused.connector, refused.tool, refused.decision.effect) == ("x", "ok", "blocked")
