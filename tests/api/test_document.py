"""The OpenAPI document is made from the table of operations, and the documentation names each of them."""

import json

import httpx2
import pytest

from gatebook.api.app import all_operations
from tests.console.stage import Stage
from tests.structure.checkout import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_document_has_every_operation_and_nothing_else(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """What is served is what the table says: addresses, methods, parameters with their limits, and a schema for each answer."""
    served = (await admin.get("/api/v1/openapi.json")).json()
    assert served["openapi"] == "3.1.0" and served["servers"] == [{"url": "/api"}]
    found = {(path, method.upper()) for path, methods in served["paths"].items() for method in methods}
    table = all_operations(stage.api_deps())
    assert found == {(operation.path, operation.method) for operation in table}
    assert len({operation.name for operation in table}) == len(table)
    search = served["paths"]["/v1/calls"]["get"]
    limit = next(parameter for parameter in search["parameters"] if parameter["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}
    assert search["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/CallsAnswer"}


async def test_every_reference_within_the_document_leads_somewhere(admin: httpx2.AsyncClient) -> None:
    """No schema refers to one that is not there."""
    served = (await admin.get("/api/v1/openapi.json")).json()
    text = json.dumps(served)
    names = {piece.split('"')[0] for piece in text.split('"#/components/schemas/')[1:]}
    assert names <= set(served["components"]["schemas"])


async def test_every_operation_and_parameter_says_what_it_is(stage: Stage) -> None:
    """Summaries are sentences; each parameter has a description; docs/api.md has each operation."""
    page = (ROOT / "docs" / "api.md").read_text()
    for operation in all_operations(stage.api_deps()):
        assert operation.summary.endswith(".") and all(parameter.description.endswith(".") for parameter in operation.parameters)
        assert f"`{operation.method} /api{operation.path}`" in page
