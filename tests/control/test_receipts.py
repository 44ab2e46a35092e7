"""Cut-offs as the command line asks for them."""

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gatebook.control.desk import Desk
from gatebook.control.operations import perform
from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.directory import Principal
from gatebook.reading.rights import NotForYou
from gatebook.state.store import Store, bump


@pytest.fixture
def cut(store: Store) -> None:
    """Ana was cut off before Bob."""
    with store.write() as connection:
        for number, person in enumerate(("ana", "bob")):
            put_person(connection, Wanted(id=person, name=person.title()), 1)
            order = CutOff(id=f"cut_{person}", person=person, cause="administrator", by="root", detail="left")
            cut_off(connection, order, 1_000 + number)
        bump(connection)


async def ask(desk: Desk, caller: Principal, name: str, **params: object) -> Any:
    """Run one operation."""
    return json.loads(await perform(desk, name, json.dumps(params).encode(), caller))


@pytest.mark.usefixtures("cut")
async def test_receipts_are_listed_and_shown_on_the_host(desk: Desk, caller: Principal) -> None:
    """Newest first; of one person in any case; with the reason, because the host reads all."""
    assert [one["id"] for one in (await ask(desk, caller, "cut_off_list"))["cut_offs"]] == ["cut_bob", "cut_ana"]
    found = await ask(desk, caller, "cut_off_list", person=" ANA ")
    assert (found["total"], [one["person_name"] for one in found["cut_offs"]]) == (1, ["Ana"])
    assert (await ask(desk, caller, "cut_off_list", page=2))["cut_offs"] == []
    one = await ask(desk, caller, "cut_off_show", id="cut_ana")
    assert (one["person"], one["reason"], one["done_us"]) == ("ana", "left", None)
    assert await ask(desk, caller, "cut_off_show", id="cut_nobody") is None


@pytest.mark.usefixtures("cut")
async def test_nobody_else_reads_them_by_it(desk: Desk, caller: Principal) -> None:
    """A token never does, and a person only with the role for it: what stands before the operations may change."""
    for other in (replace(caller, auth="token"), replace(caller, auth="session", person="ana", groups=())):
        for name, params in (("cut_off_list", {}), ("cut_off_show", {"id": "cut_ana"})):
            with pytest.raises(NotForYou):
                await ask(desk, other, name, **params)


@pytest.mark.parametrize("page", [0, -1, "1", None])
async def test_a_page_that_is_none_is_refused(desk: Desk, caller: Principal, page: object) -> None:
    """Before the database is asked for it."""
    with pytest.raises(msgspec.ValidationError):
        await ask(desk, caller, "cut_off_list", page=page)
