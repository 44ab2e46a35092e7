"""Clients that people use list and call tools, directly and through the gateway."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from conformance import node, servers

pytestmark = pytest.mark.timeout(900)
_RUN_TIMEOUT_S = 120


@pytest.fixture(scope="module")
def tools() -> Path:
    """Directory of the installed clients and their scripts; skips, saying what is missing, where Node cannot be had."""
    try:
        node.binary()
        return node.install(node.CLIENTS)
    except node.NodeMissing as error:
        pytest.skip(f"the clients did not run: {error}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def targets() -> AsyncIterator[dict[str, tuple[str, str]]]:
    """URL and token ("" for none) of the fixture itself, and of two gateways in front of it."""
    async with servers.fixture() as fixture, servers.gateway(fixture) as open_gateway, servers.gateway(fixture, "token") as gateway:
        yield {
            "direct": (fixture, ""),
            "gateway": (open_gateway.url, ""),
            "gateway with token": (gateway.url, await token_for(gateway.data)),
        }


@pytest.fixture(params=["direct", "gateway", "gateway with token"])
def target(request: pytest.FixtureRequest, targets: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """One of the ways to the fixture."""
    return targets[request.param]


async def token_for(data: Path) -> str:
    """Make an access token."""
    made = await servers.gatebook(data, "token", "create", "ada@example.com", "--groups", "engineers", "--json")
    return str(json.loads(made[made.index("{") :])["token"])


def run(tools: Path, script: str, words: list[str], token: str = "", mode: str = "") -> dict[str, Any]:
    """Run a client; returns what it printed. Fails with its standard error."""
    environment = {name: value for name, value in os.environ.items() if name != "MCP_MODE"}
    environment |= {"MCP_TOKEN": token, "HOME": str(tools)} | ({"MCP_MODE": mode} if mode else {})
    command = [str(node.binary()), str(tools / script), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_RUN_TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def test_clients_list_and_call_tools(tools: Path, target: tuple[str, str]) -> None:
    """The TypeScript clients of both eras and the Inspector see the fixture's tools and get an answer."""
    url, token = target
    words = [url, "echo", '{"text": "hi"}']
    for script, mode in (
        ("modern.mjs", ""),
        ("modern.mjs", "auto"),
        ("legacy.mjs", ""),
        ("inspector.mjs", ""),
        ("inspector.mjs", "modern"),
    ):
        printed = run(tools, script, words, token, mode)
        assert {"echo", "test_simple_text", "json_schema_2020_12_tool"} <= set(printed["tools"]), script
        assert printed["result"]["content"] == [{"type": "text", "text": "hi"}], script


def test_clients_answer_questions_of_the_server(tools: Path, target: tuple[str, str]) -> None:
    """Elicitation reaches the person in both eras: as a request of the server, and as a round of its own."""
    url, token = target
    printed = run(tools, "legacy.mjs", [url, "test_elicitation", '{"message": "Who?"}'], token)
    assert "action=accept" in printed["result"]["content"][0]["text"]
    printed = run(tools, "modern.mjs", [url, "test_input_required_result_elicitation"], token)
    assert "Ada" in printed["result"]["content"][0]["text"]


def test_a_client_without_a_token_is_refused(tools: Path, targets: dict[str, tuple[str, str]]) -> None:
    """Without a token the client does not get in, and says so."""
    with pytest.raises(AssertionError, match="access token"):
        run(tools, "legacy.mjs", [targets["gateway with token"][0], "echo"])
