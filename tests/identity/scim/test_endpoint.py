"""The service provider as it runs: `gatebook up` with two workers, the conformance client of SCIM, and tools that come and go with groups."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatebook.control.office import run
from gatebook.record.body_directory import AccessCutOff, DirectoryRequest
from tests.fixtures import stdio_echo
from tests.identity.scim.conftest import GROUP_SCHEMA, PATCH_SCHEMA, USER_SCHEMA
from tests.test_app import Deployment, start, stop, until

CONNECTOR = "kind: Connector\nname: crm\nspec: {transport: http, url: 'http://127.0.0.1:9/mcp', allow: {groups: [crm users]}}\n"
PACK = """
kind: Connector
name: echo
spec: {{transport: stdio, command: [{python}, {echo}]}}
---
kind: ToolPack
name: looking-up
spec: {{tools: {{echo: [echo]}}, allow: {{groups: [support]}}}}
"""
FRESH_CONNECTIONS = 20
"""Enough that both workers are met: one is missed with a chance of one in half a million."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for all tests of this file."""
    deployment = start(tmp_path_factory.mktemp("up") / "data")
    yield deployment
    assert stop(deployment) == 0


@pytest.fixture(scope="module")
def token(up: Deployment) -> str:
    """A token of the directory."""
    return str(run(up.settings, "scim_token_create", {"name": "Okta"})["secret"])


def ask(up: Deployment, token: str, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
    """Send one request over a fresh connection; returns status, headers and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", up.settings.console.port, timeout=30)
    content = None if body is None else json.dumps(body)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json", "Host": "evil.example"}
    connection.request(method, f"/scim/v2{path}", content, headers)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, json.loads(data) if data else None


def test_the_conformance_client_finds_nothing(up: Deployment, token: str) -> None:
    """`scim2 test` of scim2-cli: every check succeeds."""
    command = [str(Path(sys.executable).with_name("scim2")), "--url", f"http://127.0.0.1:{up.settings.console.port}/scim/v2", "test"]
    environ = {**os.environ, "SCIM_CLI_HEADERS": f"Authorization: Bearer {token}", "NO_COLOR": "1"}
    found = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=110)
    lines = found.stdout.splitlines()
    assert found.returncode == 0, found.stdout + found.stderr
    assert sum("SUCCESS" in line for line in lines) >= 100, found.stdout
    assert not [line for line in lines if "ERROR" in line or "SKIPPED" in line or "CRITICAL" in line]


def test_addresses_are_those_of_the_settings(up: Deployment, token: str) -> None:
    """What the Host header says is in no answer."""
    status, headers, answer = ask(up, token, "POST", "/Users", {"schemas": [USER_SCHEMA], "userName": "host@example.com"})
    assert status == 201
    assert headers["location"] == answer["meta"]["location"] == f"{up.settings.console_url}/scim/v2/Users/{answer['id']}"


def test_a_group_gives_a_tool_and_takes_it_away(up: Deployment, token: str) -> None:
    """Who is put into a group by the directory has its connector; who is taken out has lost it on both workers when the directory hears of it."""
    run(up.settings, "apply", {"texts": [{"text": CONNECTOR, "source": "crm.yaml"}]})
    _, _, ana = ask(up, token, "POST", "/Users", {"schemas": [USER_SCHEMA], "userName": "ana@example.com", "active": True})
    secret = str(run(up.settings, "token_create", {"person": "ana@example.com"})["secret"])
    body = {"schemas": [GROUP_SCHEMA], "displayName": "CRM users", "members": [{"value": ana["id"]}]}
    _, _, group = ask(up, token, "POST", "/Groups", body)
    until_all(up, secret, 200)
    patch = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": "remove", "path": f'members[value eq "{ana["id"]}"]'}]}
    assert ask(up, token, "PATCH", f"/Groups/{group['id']}", patch)[0] == 200
    assert statuses(up, secret, "/mcp/crm") == {404}
    assert statuses(up, secret, "/mcp") == {200}, "the session with everything else goes on"


def test_a_group_gives_the_tools_of_a_pack_and_takes_them_away(up: Deployment, token: str) -> None:
    """Both are in force on each worker when the directory has its answer: what is listed, and what may be called."""
    text = PACK.format(python=sys.executable, echo=Path(stdio_echo.__file__))
    run(up.settings, "apply", {"texts": [{"text": text, "source": "pack.yaml"}]})
    _, _, cy = ask(up, token, "POST", "/Users", {"schemas": [USER_SCHEMA], "userName": "cy@example.com", "active": True})
    _, _, group = ask(up, token, "POST", "/Groups", {"schemas": [GROUP_SCHEMA], "displayName": "Support"})
    secret = str(run(up.settings, "token_create", {"person": "cy@example.com"})["secret"])
    until_all(up, secret, 200, "/mcp")
    assert tools(up, secret) == {()}
    add = {"op": "Add", "path": "members", "value": [{"value": cy["id"]}]}
    remove = {"op": "Remove", "path": "members", "value": [{"value": cy["id"], "$ref": None}]}
    for operation, listed, called in ((add, ("echo__echo",), {True}), (remove, (), {False})) * 2:
        body = {"schemas": [PATCH_SCHEMA], "Operations": [operation]}
        assert ask(up, token, "PATCH", f"/Groups/{group['id']}", body)[0] == 200
        assert {_called(up, secret) for _ in range(FRESH_CONNECTIONS)} == called
        assert tools(up, secret) == {listed}


def test_a_group_gives_a_role_over_the_log_and_takes_it_away(up: Deployment, token: str) -> None:
    """On the next request after the answer; before and afterwards there is only what is one's own."""
    _, _, di = ask(up, token, "POST", "/Users", {"schemas": [USER_SCHEMA], "userName": "di@example.com", "active": True})
    _, _, group = ask(up, token, "POST", "/Groups", {"schemas": [GROUP_SCHEMA], "displayName": "Auditors"})
    secret = str(run(up.settings, "token_create", {"person": "di@example.com", "scopes": ["book:read"]})["secret"])
    until(lambda: status_of_totals(up, secret) != 401, 5)
    for op, status in (("add", 200), ("remove", 403), ("add", 200), ("remove", 403)):
        body = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": op, "path": "members", "value": [{"value": di["id"]}]}]}
        assert ask(up, token, "PATCH", f"/Groups/{group['id']}", body)[0] == 200
        assert status_of_totals(up, secret) == status


def test_a_deactivated_person_is_out_everywhere(up: Deployment, token: str) -> None:
    """After the answer no worker lets the person in; to activate them again revives nothing; both are on the record."""
    _, _, bo = ask(up, token, "POST", "/Users", {"schemas": [USER_SCHEMA], "userName": "bo@example.com", "active": True})
    secret = str(run(up.settings, "token_create", {"person": "bo@example.com"})["secret"])
    until_all(up, secret, 200, "/mcp")
    for active, expected in ((False, {401}), (True, {401})):
        patch = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": "replace", "value": {"active": active}}]}
        status, _, answer = ask(up, token, "PATCH", f"/Users/{bo['id']}", patch)
        assert (status, answer["active"]) == (200, active)
        assert statuses(up, secret, "/mcp") == expected
    records = up.records(up.settings.keeper_stream)
    assert [record.cause for record in records if isinstance(record, AccessCutOff)][-1:] == ["deactivated"]
    assert [record.method for record in records if isinstance(record, DirectoryRequest)][-2:] == ["PATCH", "PATCH"]


def test_without_a_token_nothing_is_told(up: Deployment) -> None:
    """401 with a challenge, whatever is asked; what the service can do is open."""
    for path in ("/Users", "/Groups", "/Nothing", "/Users/1"):
        status, headers, answer = ask(up, "gw_scim_wrong", "GET", path)
        assert (status, headers["www-authenticate"].partition(" ")[0], answer["status"]) == (401, "Bearer", "401")
    assert ask(up, "gw_scim_wrong", "GET", "/ServiceProviderConfig")[0] == 200


def tools(up: Deployment, secret: str) -> set[tuple[str, ...]]:
    """The tools that are listed, over many fresh connections."""
    answers = [up.mcp(secret, "tools/list", {})[1] for _ in range(FRESH_CONNECTIONS)]
    return {tuple(sorted(tool["name"] for tool in answer["result"]["tools"])) for answer in answers}


def _called(up: Deployment, secret: str) -> bool:
    """Whether a tool of the pack answers, over a fresh connection."""
    answer = up.mcp(secret, "tools/call", {"name": "echo__echo", "arguments": {"said": "hello"}})[1]
    return "hello" in json.dumps(answer)


def status_of_totals(up: Deployment, secret: str) -> int:
    """The status of a list that is for those who read all calls, over a fresh connection."""
    connection = http.client.HTTPConnection("127.0.0.1", up.settings.console.port, timeout=30)
    connection.request("GET", "/api/v1/connections/totals", headers={"Authorization": f"Bearer {secret}"})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def statuses(up: Deployment, secret: str, endpoint: str) -> set[int]:
    """The statuses of a request that is sent over many fresh connections."""
    return {up.mcp(secret, "tools/list", {}, endpoint)[0] for _ in range(FRESH_CONNECTIONS)}


def until_all(up: Deployment, secret: str, status: int, endpoint: str = "/mcp/crm") -> None:
    """Wait until all workers answer with the status."""
    for _ in range(50):
        if statuses(up, secret, endpoint) == {status}:
            return
    raise AssertionError(f"not all workers answer {status} at {endpoint}: {statuses(up, secret, endpoint)}")
