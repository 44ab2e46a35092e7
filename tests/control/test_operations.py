"""The operations as JSON."""

import json
from typing import Any

import msgspec
import pytest

from gatebook.control.desk import Desk
from gatebook.control.operations import OPERATIONS, perform
from gatebook.identity.directory import Principal
from gatebook.state.documents import DocumentError

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: 'https://crm.example/mcp'}\n"


async def ask(desk: Desk, caller: Principal, name: str, params: dict[str, Any]) -> Any:
    """Run one operation."""
    return json.loads(await perform(desk, name, json.dumps(params).encode(), caller))


async def test_every_operation_does_its_work(desk: Desk, caller: Principal) -> None:
    """One after the other, as the command line uses them."""
    texts = [{"source": "c.yaml", "text": CRM}]
    assert (await ask(desk, caller, "apply", {"texts": texts, "dry_run": True}))["changes"][0]["action"] == "created"
    assert (await ask(desk, caller, "apply", {"texts": texts, "reason": "new"}))["revision"] == 1
    assert [(found["name"], found["reason"]) for found in await ask(desk, caller, "get", {})] == [("crm", "new")]
    assert await ask(desk, caller, "get", {"kind": "Connector", "name": "hr"}) == []
    issued = await ask(desk, caller, "token_create", {"person": "ana", "groups": ["sales"]})
    listed = await ask(desk, caller, "token_list", {})
    assert [token["id"] for token in listed["tokens"]] == [issued["token"]["id"]]
    assert issued["secret"] not in json.dumps(listed)
    assert "sha256" not in listed["tokens"][0]
    assert (await ask(desk, caller, "token_revoke", {"token": issued["token"]["id"]}))["revoked_us"] > 0
    assert (await ask(desk, caller, "bootstrap", {"person": "Admin"}))["url"].startswith("http://127.0.0.1:8401/sign-in#")
    assert (await ask(desk, caller, "delete", {"kind": "Connector", "name": "crm"}))["changes"][0]["action"] == "deleted"


async def test_faults_of_all_files_are_told_together(desk: Desk, caller: Principal) -> None:
    """Two wrong files give the problems of both."""
    texts = [{"source": name, "text": CRM.replace("url", "ulr")} for name in ("a.yaml", "b.yaml")]
    with pytest.raises(DocumentError) as caught:
        await ask(desk, caller, "apply", {"texts": texts})
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["a.yaml", "b.yaml"]


async def test_wrong_parameters_are_refused(desk: Desk, caller: Principal) -> None:
    """Parameters of another shape never reach the desk."""
    with pytest.raises(msgspec.ValidationError):
        await ask(desk, caller, "token_create", {"person": 5})
    assert "nothing" not in OPERATIONS
    with pytest.raises(KeyError):
        await ask(desk, caller, "nothing", {})
