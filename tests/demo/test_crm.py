"""The demo's CRM, asked by a real client in process."""

import sqlite3

from mcp import Client

from gatebook.demo.crm import build, fill


def _server() -> object:
    database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    fill(database)
    return build(database)


async def test_customers_are_the_same_every_time() -> None:
    """Two fresh servers show the same customer, so that what the demo shows can be described."""
    shown = []
    for _ in range(2):
        async with Client(_server()) as client:  # type: ignore[arg-type]
            shown.append((await client.call_tool("get_customer", {"id": 7})).structured_content)
    assert shown[0] == shown[1]
    assert shown[0]["email"].endswith(".example")


async def test_a_customer_that_is_not_there_is_a_tool_error() -> None:
    """The demo needs calls that fail in the way real ones do."""
    async with Client(_server()) as client:  # type: ignore[arg-type]
        result = await client.call_tool("get_customer", {"id": 9999})
    assert result.is_error and "not found" in result.content[0].text
