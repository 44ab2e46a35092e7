"""The room of scopes: what the matrix holds is what people of each group may do, and what is drafted is what is then so."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.reading.rights import NotForYou
from gatebook.reading.scope_room import COLUMNS_MAX, Matrix, cell_id
from gatebook.reading.viewer import Viewer
from gatebook.state.documents import parse_documents
from gatebook.state.scoping import ScopeError
from tests.console.granting import HOSTILE_GROUP, entitle
from tests.console.stage import Stage
from tests.reading.test_tool_room import viewer

_GROUP = HOSTILE_GROUP.replace("\\u202e", "\u202e")


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A deployment with its people and grants; nobody has called anything."""
    stage = Stage(tmp_path)
    try:
        await stage.enroll()
        await entitle(stage)
        yield stage
    finally:
        stage.close()


def root(stage: Stage) -> Viewer:
    """The local administrator."""
    return Viewer(principal=local_caller("root", stage.vault.subject))


async def matrix(stage: Stage, connector: str, *groups: str, find: str = "") -> Matrix:
    """Ask."""
    found = await stage.tools.scopes.matrix(root(stage), connector, groups, find)
    assert found is not None
    return found


def scopes(found: Matrix) -> dict[tuple[str, str], str]:
    """The scope of each cell."""
    return {(one.tool, one.group): one.scope for _, cells in found.rows for one in cells}


async def test_groups_that_are_named_come_first_and_columns_are_few(stage: Stage) -> None:
    """Those of the connector and its packs, then those of the directory; others are chosen, what is not there is not."""
    found = await matrix(stage, "crm")
    assert found.groups[:5] == ("finance", "interns", "marketing", "sales", "support") and len(found.groups) == COLUMNS_MAX
    assert set(found.groups) < set(found.all_groups) and {"engineering", "platform", "security"} <= set(found.all_groups)
    assert (await matrix(stage, "crm", "security", "sales", "nope")).groups == ("sales", "security")
    assert (await matrix(stage, "billing")).groups[0] == _GROUP
    assert await stage.tools.scopes.matrix(root(stage), "nope") is None


async def test_each_cell_is_what_the_policies_make_of_the_group(stage: Stage) -> None:
    """Denied, always allowed, waiting, and depending on arguments, each with what decides."""
    cells = {(one.tool, one.group): one for _, some in (await matrix(stage, "crm")).rows for one in some}
    assert cells["merge_customers", "support"].scope == "off" and cells["merge_customers", "support"].rules == ("no-merging-in-support",)
    assert cells["export_contacts", "finance"].scope == "ask" and cells["get_customer", "finance"].scope == "off"
    assert cells["get_customer", "sales"].scope == "allow" and cells["get_customer", "admins"].scope == "off"
    assert scopes(await matrix(stage, "billing"))["refund_invoice", "finance"] == "depends"
    found = await matrix(stage, "crm", find="CUSTOMER")
    assert found.total == len(found.rows) == 5 and not found.everyone


async def test_what_is_drafted_is_so_when_it_is_in_force_and_nothing_else(stage: Stage) -> None:
    """Several cells at once, then back: the documents that are there are edited."""
    before = scopes(await matrix(stage, "crm"))
    names: list[set[str]] = []
    for wanted in (
        {("get_customer", "sales"): "ask", ("archive_customer", "interns"): "off", ("list_deals", "admins"): "allow"},
        {("get_customer", "sales"): "allow", ("archive_customer", "interns"): "ask", ("list_deals", "admins"): "off"},
    ):
        made = await stage.tools.scopes.draft(root(stage), "crm", {cell_id(*place): scope for place, scope in wanted.items()})  # type: ignore[arg-type, misc]
        assert made is not None and not made.problems
        await stage.desk.apply(parse_documents(made.documents, "draft"), local_caller("root", stage.vault.subject), "scopes")
        assert scopes(await matrix(stage, "crm")) == {**before, **wanted}
        names.append(set(made.names))
    assert names == [
        {"scope-ask-crm-sales", "scope-off-crm-interns", "scope-crm-admins"},
        {"scope-ask-crm-sales", "scope-off-crm-interns", "scope-ask-crm-interns", "scope-crm-admins"},
    ]
    nothing = await stage.tools.scopes.draft(root(stage), "crm", {cell_id("get_customer", "sales"): "allow", "0" * 16: "off"})
    assert nothing is not None and nothing.documents == "" and nothing.names == ()


async def test_what_others_decided_is_not_undone(stage: Stage) -> None:
    """A policy that somebody wrote stands, and is named."""
    with pytest.raises(ScopeError, match="no-merging-in-support decides otherwise"):
        await stage.tools.scopes.draft(root(stage), "crm", {cell_id("merge_customers", "support"): "allow"})


async def test_only_those_who_read_all_may_ask(stage: Stage) -> None:
    """Who may do what is not for everybody."""
    with pytest.raises(NotForYou):
        await stage.tools.scopes.matrix(viewer(stage, "sales"), "crm")
