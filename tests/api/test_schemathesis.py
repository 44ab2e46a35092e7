"""The running API against its own document: schemathesis sends what the document allows, and what it forbids, to every operation."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
import uvicorn

from gatebook.api import tail
from gatebook.processes.listeners import bind
from gatebook.processes.protocol import Protocol
from tests.api import samples
from tests.console.stage import ADMIN, EMPLOYEE, Stage
from tests.console.tooling import dress
from tests.console.waiting import deny, govern, pend, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
_SEED = "20261123"
_EXAMPLES = "10"
# Those that are refusals by default, and that of an address that is too long to be read.
_CONFIGURATION = """[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429, "5xx"]
"""
# It takes less than a minute on a machine of its own.
_DEADLINE_S = 540


@pytest_asyncio.fixture(loop_scope="module")
async def address(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The stage behind a real server. Streams end at once, because nobody reads on."""
    monkeypatch.setattr(tail, "_LIFE_S", 0.05)
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(stage.app, http=Protocol, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


async def waiting_calls(stage: Stage) -> list[str]:
    """Calls that wait for an approval, and calls about which somebody may ask for access; returns their ids."""
    await govern(stage)
    amara, lucas = person("amara"), person("lucas")
    found = [pend(stage, amara, {"number": number}) for number in range(4)]
    found += [deny(stage, amara), deny(stage, lucas), deny(stage, lucas, "default-deny")]
    await stage.settled()
    return found


@pytest.mark.timeout(600)
async def test_the_api_does_what_its_document_says(stage: Stage, admin: httpx2.AsyncClient, address: str, tmp_path: Path) -> None:
    """Every check on every operation: no server error, no status, type or shape that is not described, nothing accepted that is forbidden, no answer without credentials."""
    await dress(stage)
    page = (await admin.get("/api/v1/calls?limit=3")).json()
    asked = await waiting_calls(stage)
    known = {"gatebook-cursor": [page["next_cursor"], page["previous_cursor"]], "gatebook-snapshot": [page["snapshot"]]}
    known["gatebook-documents"] = ["kind: Policy\nname: draft\nspec: {effect: deny, reason: Not today.}"]
    known["gatebook-person"] = ["me", EMPLOYEE, ADMIN]
    known["uuid"] = [page["calls"][0]["call_id"], *asked]
    (tmp_path / "schemathesis.toml").write_text(_CONFIGURATION)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {stage.tokens[ADMIN]}", "--seed", _SEED, "--max-examples", _EXAMPLES, "--checks", "all",
        "--generation-database", "none", "--no-color",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.samples", "PYTHONPATH": os.pathsep.join(sys.path), samples.SAMPLES: json.dumps(known)},
    )  # fmt: skip
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _DEADLINE_S)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, output.decode()[-20_000:]
