"""Giving credentials back: nobody uses them from that moment, and a server that is down is told later."""

from collections.abc import Sequence

import pytest
from sqlalchemy import text

from gatebook.identity.cut_off import CutOff
from gatebook.identity.cutting import Answer, Cutting
from gatebook.state import credentials as rows
from gatebook.state.cut_offs import read_receipt
from tests.identity.credentials.conftest import ANN, Keeper, Notes, connector


class Nobody:
    """A deployment without workers."""

    async def reached(self, revision: int, cut_offs: Sequence[str] = ()) -> list[Answer]:
        """Nobody is to be waited for."""
        return []


async def test_all_that_a_person_has_is_given_back(keeper: Keeper, notes: Notes) -> None:
    """The server has revoked it, the row is gone, the record says so."""
    await keeper.connect(connector(notes.url))
    [outcome] = await keeper.revoking.revoke_all(ANN)
    assert (outcome.connector, outcome.result) == ("notes", "revoked")
    seen = await notes.control()
    assert seen["revoked"] >= 1 and seen["live"] == 0
    assert keeper.safe.find("notes", ANN) is None
    assert [body.action for body in keeper.changes()] == ["connected", "revoked"]
    assert await keeper.revoking.revoke_all(ANN) == []


async def test_a_server_that_is_down_is_told_later(keeper: Keeper, notes: Notes) -> None:
    """Until then the credential is there for nothing but that; the same failure is recorded once."""
    await keeper.connect(connector(notes.url))
    await notes.control(down=True)
    [outcome] = await keeper.revoking.revoke_all(ANN)
    assert (outcome.result, "503" in outcome.detail) == ("failed", True)
    assert keeper.safe.find("notes", ANN) is None
    with keeper.store.read() as connection:
        assert [row.status for row in rows.everything(connection)] == ["revoking"]
    assert [one.result for one in await keeper.revoking.try_again()] == ["failed"]
    await notes.control(down=False)
    assert [one.result for one in await keeper.revoking.try_again()] == ["revoked"]
    assert (await notes.control())["live"] == 0
    with keeper.store.read() as connection:
        assert rows.everything(connection) == []
    assert [body.action for body in keeper.changes()] == ["connected", "failed", "revoked"]


async def test_connecting_anew_does_not_save_the_old_credential(keeper: Keeper, notes: Notes) -> None:
    """While the old one waits to be revoked the person connects again: it is revoked all the same, and the new one goes on."""
    notes_of_ann = connector(notes.url)
    await keeper.connect(notes_of_ann)
    await notes.control(down=True)
    [first] = await keeper.revoking.revoke_all(ANN)
    await notes.control(down=False)
    await keeper.connect(notes_of_ann)
    assert (await notes.control())["live"] == 2
    assert [(one.credential, one.result) for one in await keeper.revoking.try_again()] == [(first.credential, "revoked")]
    kept = keeper.safe.find("notes", ANN)
    assert kept is not None and kept.row.id != first.credential and kept.row.status == "connected"
    assert (await notes.control())["live"] == 1
    assert await keeper.revoking.try_again() == []
    assert [one.result for one in await keeper.revoking.revoke_all(ANN)] == ["revoked"]


async def test_what_has_failed_for_a_week_is_given_up(keeper: Keeper, notes: Notes) -> None:
    """On the record."""
    await keeper.connect(connector(notes.url))
    await notes.control(down=True)
    await keeper.revoking.revoke_all(ANN)
    with keeper.store.write() as connection:
        connection.execute(text("UPDATE upstream_credentials SET changed_us = 1"))
    assert await keeper.revoking.try_again() == []
    with keeper.store.read() as connection:
        assert rows.everything(connection) == []
    assert keeper.changes()[-1].detail == "given up after a week"


async def test_trying_again_does_not_put_the_end_off(keeper: Keeper, notes: Notes) -> None:
    """The week counts from when it was asked for."""
    await keeper.connect(connector(notes.url))
    await notes.control(down=True)
    await keeper.revoking.revoke_all(ANN)
    with keeper.store.write() as connection:
        connection.execute(text("UPDATE upstream_credentials SET changed_us = changed_us - 86400000000"))
        before = rows.everything(connection)[0].changed_us
    await keeper.revoking.try_again()
    with keeper.store.read() as connection:
        assert rows.everything(connection)[0].changed_us == before


@pytest.mark.parametrize("down", [False, True])
async def test_the_receipt_of_a_cut_off_tells_what_became_of_each(keeper: Keeper, notes: Notes, *, down: bool) -> None:
    """As the keeper has it: the cut-off gives credentials back, and its receipt is complete with the outcome of each."""
    await keeper.connect(connector(notes.url))
    await notes.control(down=down)
    cutting = Cutting(keeper.journal, Nobody(), revoke_upstream=keeper.revoking.revoke_all)
    order = CutOff(id="c1", person=ANN, cause="administrator", by="root", detail="left")
    await cutting.cut(order, keeper.ann.actor)
    await cutting.completed("c1")
    with keeper.store.read() as connection:
        receipt = read_receipt(connection, "c1")
    assert receipt is not None and receipt.done_us is not None
    assert [(one.connector, one.outcome) for one in receipt.upstream] == [("notes", "failed" if down else "revoked")]
    assert (receipt.upstream_revoked, receipt.upstream_failed) == (int(not down), int(down))
