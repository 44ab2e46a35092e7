"""The room of tools: who may look and decide, and that what was kept is not older than state."""

import asyncio
from pathlib import Path

import pytest

from gatebook.identity.directory import make_principal
from gatebook.reading.rights import NotForYou
from gatebook.reading.viewer import Viewer
from gatebook.state.deciding import Order
from gatebook.state.snapshot import Person
from tests.console.stage import Stage
from tests.console.tooling import dress
from tests.state.noting import note, tool

ORDER = Order(connector="crm", decision="refused", reason="no")


def viewer(stage: Stage, *groups: str) -> Viewer:
    """Somebody who is in these groups."""
    person = Person(id="eve", groups=groups)
    return Viewer(principal=make_principal(person, stage.vault.subject(person.id), "session"))


@pytest.mark.parametrize(
    ("group", "reads", "decides"), [("admins", True, True), ("auditors", True, False), ("security", True, False), ("sales", False, False)]
)
async def test_groups_read_and_decide(tmp_path: Path, group: str, reads: bool, decides: bool) -> None:
    """Deciding is for administrators, reading for those who read all calls; nothing is changed by whoever may not."""
    stage = Stage(tmp_path)
    try:
        await dress(stage)
        revision, who = stage.store.revision(), viewer(stage, group)
        for asked in (stage.tools.connectors(who), stage.tools.connector(who, "crm"), stage.tools.tool(who, "crm", "get_customer")):
            if reads:
                assert await asked
            else:
                with pytest.raises(NotForYou):
                    await asked
        if decides:
            assert len(await stage.tools.decide(who, ORDER)) == 4
        else:
            with pytest.raises(NotForYou):
                await stage.tools.decide(who, ORDER)
        assert (stage.store.revision() > revision) is decides
    finally:
        stage.close()


async def test_what_is_kept_is_never_older_than_state(tmp_path: Path) -> None:
    """Readers at the same time share a reading; after a change everybody reads anew."""
    stage = Stage(tmp_path)
    try:
        await dress(stage)
        who = viewer(stage, "admins")
        first, second = await asyncio.gather(stage.tools.connectors(who), stage.tools.connectors(who))
        assert first == second and stage.tools._kept is not None
        kept = stage.tools._kept[1]
        await stage.tools.connector(who, "crm")
        assert stage.tools._kept[1] is kept
        note(stage.store, "git", [tool("git_log")], stage.room.clock.wall_us() + 1)
        found = await stage.tools.connector(who, "git")
        assert found is not None and found.tools == 1 and stage.tools._kept[1] is not kept
    finally:
        stage.close()
