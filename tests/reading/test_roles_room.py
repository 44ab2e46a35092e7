"""Roles for people, and who was shown calls of somebody."""

import pytest

from gatebook.query.groups import GROUPS
from gatebook.reading.previews import viewing_as
from gatebook.reading.rights import NotForYou
from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from gatebook.state.roles import BUILT_IN
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.reading.conftest import viewer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_all_roles_with_who_has_them(stage: Stage, admin: Viewer) -> None:
    """For readers only; what somebody sees is for themselves and for readers."""
    found = await stage.roles.roles(admin)
    roles = {one.name: one for one in found.roles}
    assert list(roles)[: len(BUILT_IN)] == list(BUILT_IN)
    assert roles["employee"].everybody and roles["employee"].held_by == 11 and roles["admin"].held_by == 1
    assert roles["auditor"].shown["arguments"] == "none" and roles["it_support"].fields["connector"] == "all"
    employee = viewer_of(stage, EMPLOYEE)
    with pytest.raises(NotForYou):
        await stage.roles.roles(employee)
    with pytest.raises(NotForYou):
        stage.roles.access(employee, ADMIN)
    own = stage.roles.access(employee, "me")
    assert own is not None and own.roles == ("employee",) and own.shown["arguments"] == "own"
    other = stage.roles.access(admin, ADMIN)
    assert other is not None and other.roles == ("employee", "security_analyst", "admin")
    assert stage.roles.access(admin, "nobody") is None


async def test_somebody_sees_who_was_shown_their_calls(stage: Stage, admin: Viewer) -> None:
    """With roles, groups and whether payloads were shown; their own readings are not among them, nor are those of others' calls."""
    employee = viewer_of(stage, EMPLOYEE)
    mine = await stage.room.rows(employee, stage.room.query(employee, Question()), None, 1)
    detail = await stage.room.show(admin, mine.rows[0].call_id)
    assert detail is not None
    await stage.room.show(employee, mine.rows[0].call_id)
    await stage.settled()
    found = await stage.roles.readings(employee)
    assert [(one.by, one.action, one.payloads) for one in found.readings] == [("Nora Berg", "show", True)]
    assert "security_analyst" in found.readings[0].roles and set(found.readings[0].groups) == set(GROUPS)
    stranger = viewer_of(stage, AUDITOR)
    assert all(one.by != "Nora Berg" for one in (await stage.roles.readings(stranger)).readings)


async def test_looking_who_looked_is_on_the_record_once_an_hour(stage: Stage) -> None:
    """Else looking would be something to look at for ever."""
    employee = viewer_of(stage, EMPLOYEE)
    before = len(await stage.reads())
    for _ in range(3):
        await stage.roles.readings(employee)
    assert len(await stage.reads()) - before <= 1


async def test_a_preview_is_of_a_role_or_a_person(stage: Stage, admin: Viewer) -> None:
    """Anything else changes nothing."""
    accesses = stage.accesses()
    lead = viewing_as(admin, accesses, "role:team_lead")
    assert lead.viewing_as == "role:team_lead" and lead.access.reach == "team" and not lead.reads_all
    someone = viewing_as(admin, accesses, f"person:{EMPLOYEE}")
    assert someone.may_see(stage.vault.subject(EMPLOYEE)) and not someone.may_see(stage.vault.subject(AUDITOR))
    for wanted in ("role:nobody", "person:nobody", "else", ""):
        assert viewing_as(admin, accesses, wanted) is admin
