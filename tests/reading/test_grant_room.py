"""The room of grants: use by pseudonym, young grants, and what may be chosen."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.reading import grant_room
from gatebook.reading.grant_facts import GrantFacts
from gatebook.reading.grant_room import Asked, UseUnknown
from gatebook.reading.rights import NotForYou
from gatebook.reading.viewer import Viewer
from gatebook.state.documents import parse_documents
from tests.console.granting import DAY_US, entitle
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE
from tests.reading.test_tool_room import viewer
from tests.state.noting import note, tool


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A deployment with two hundred calls, and grants."""
    stage = Stage(tmp_path)
    try:
        stage.tokens = await stage.enroll()
        stage.crowd(200, DAY_US)
        await entitle(stage)
        await stage.settled()
        yield stage
    finally:
        stage.close()


def root(stage: Stage) -> Viewer:
    """The local administrator."""
    return Viewer(principal=local_caller("root", stage.vault.subject))


async def rows(stage: Stage, **asked: object) -> dict[tuple[str, str, str], GrantFacts]:
    """The grants by connector, tool and holder."""
    found = await stage.tools.grants.report(root(stage), Asked(**asked), stage.health())  # type: ignore[arg-type]
    return {(one.connector, one.tool, one.to): one for one in found.grants}


async def test_use_is_told_by_pseudonym(stage: Stage) -> None:
    """The name may be gone from the book, and somebody may have left: their calls still are use, of everybody and of the group of then."""
    before = await rows(stage)
    amara = next(person for person in PEOPLE if person.id.startswith("amara"))
    with stage.store.write() as connection:
        connection.exec_driver_sql("UPDATE people SET active = 0, groups = '[]' WHERE id LIKE 'amara%' OR id LIKE 'lucas%'")
        connection.exec_driver_sql("UPDATE meta SET revision = revision + 1")
    after = await rows(stage)
    sales, was = after["crm", "search_customers", "sales"], before["crm", "search_customers", "sales"]
    assert amara.groups == ("sales", "emea") and (was.may_call, sales.may_call) == (2, 0)
    assert (sales.state, sales.calls, sales.did_call) == ("used", was.calls, was.did_call)
    everyone = "time", "get_current_time", "everyone"
    assert after[everyone].calls == before[everyone].calls and after[everyone].may_call == before[everyone].may_call - 2


async def test_a_tool_that_is_new_makes_its_grants_new(stage: Stage) -> None:
    """It could not have been used before it was listed and approved; in a shorter span it is old enough."""
    names = [one for one, *_ in stage.store.snapshot().listings["git"].tools.items()]
    reads = {"readOnlyHint": True, "openWorldHint": False}
    tools = [tool(one, f"Run {one}.", annotations=reads) for one in names]
    note(stage.store, "git", [*tools, tool("git_stash")], stage.room.clock.wall_us() - 3 * DAY_US)
    assert ("git", "git_stash", "engineering") not in await rows(stage)
    with stage.store.write() as connection:
        connection.exec_driver_sql("UPDATE tool_definitions SET state = 'approved', decided_us = seen_us WHERE tool = 'git_stash'")
        connection.exec_driver_sql("UPDATE meta SET revision = revision + 1")
    assert (await rows(stage))["git", "git_stash", "engineering"].state == "new"
    assert (await rows(stage, days=2))["git", "git_stash", "engineering"].state == "unused"
    assert (await rows(stage))["git", "git_blame", "engineering"].state == "unused"


async def test_new_grants_are_narrowed_only_when_they_are_chosen(stage: Stage) -> None:
    """All unused ones leaves them; by id they are taken."""
    young = (await rows(stage))["billing", "list_invoices", "sales"]
    whole = await stage.tools.grants.narrow(root(stage), Asked(), None, stage.health())
    assert young.state == "new" and "narrow-billing-sales" not in whole.names and len(whole.names) > 3 and not whole.problems
    one = await stage.tools.grants.narrow(root(stage), Asked(), [young.id], stage.health())
    assert (one.names, one.taken) == (["narrow-billing-sales"], 1)


async def test_a_narrowing_joins_what_was_narrowed_before(stage: Stage) -> None:
    """Chosen one after the other, the tools of a group are in one policy."""
    for name in ("archive_customer", "list_deals"):
        chosen = (await rows(stage))["crm", name, "sales"]
        made = await stage.tools.grants.narrow(root(stage), Asked(), [chosen.id], stage.health())
        await stage.desk.apply(parse_documents(made.documents, "draft"), local_caller("root", stage.vault.subject), "unused")
    policies = stage.store.snapshot().rules.policies
    assert policies["narrow-crm-sales"].selector.tools == ("archive_customer", "list_deals") and "narrow-crm-sales-2" not in policies
    assert not {("crm", name, "sales") for name in ("archive_customer", "list_deals")} & set(await rows(stage))


async def test_nothing_is_called_unused_when_use_was_not_counted_to_its_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many groups of calls: what is left out of the count would look unused."""
    monkeypatch.setattr(grant_room, "_GROUPS_MAX", 5)
    with pytest.raises(UseUnknown, match="too much use"):
        await rows(stage)


async def test_only_those_who_read_all_may_ask(stage: Stage) -> None:
    """Grants and calls of everybody are in it."""
    for asked in (stage.tools.grants.report, lambda *args: stage.tools.grants.narrow(args[0], args[1], None, args[2])):
        with pytest.raises(NotForYou):
            await asked(viewer(stage, "sales"), Asked(), stage.health())
