"""What is shown of cut-offs, and to whom; and who may cut off."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from gatebook.control.desk import Desk
from gatebook.identity.access import Access
from gatebook.identity.accounts import Wanted, add_token, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.cutting import CutOrder
from gatebook.identity.directory import Auth, make_principal
from gatebook.identity.journal import Journal
from gatebook.identity.roles import Shown
from gatebook.identity.service_accounts import ServiceOrder, put_service_account
from gatebook.identity.tokens import make_token
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.reading.cut_off_room import PAGE_RECEIPTS, CutOffRoom
from gatebook.reading.rights import NotForYou
from gatebook.reading.viewer import Viewer
from gatebook.settings import LogSettings
from gatebook.state.cut_offs import Ack, Done, Upstream, complete, put_ack
from gatebook.state.schema import people
from gatebook.state.snapshot import Person, Token
from gatebook.state.store import StateError, Store, bump
from gatebook.state.workers import Worker, drop_worker, put_worker

SIGNAL_US = 10**15
COUNTER = Access(roles=("counter",), shown=Shown(groups={"metadata": "all"}), own="s")


def viewer(*groups: str, auth: Auth = "session", given: Access | None = None) -> Viewer:
    """Somebody who looks."""
    return Viewer(principal=make_principal(Person(id="eve", groups=groups), "s", auth), given=given)


ADMIN, AUDITOR = viewer("admins"), viewer("auditors")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Ana, with a token and an account, who was cut off and is back; Bob, of the directory, whose cut-off goes on; and somebody without a name."""
    opened = Store.open(tmp_path / "state.db")
    with opened.write() as connection:
        for id, name in (("ana", "Ana"), ("bob", "Bob"), ("x1", "")):
            put_person(connection, Wanted(id=id, name=name), 1)
        connection.execute(update(people).where(people.c.id == "bob").values(source="scim"))
        upstream = (
            Upstream(connector="crm", credential="c1", outcome="revoked"),
            Upstream(connector="hr", credential="c2", outcome="failed"),
        )
        cut_off(
            connection, CutOff(id="cut_ana", person="ana", cause="administrator", by="nora", detail="left", deactivate=False), SIGNAL_US
        )
        acks = (Ack(stream="w0", at_us=SIGNAL_US - 3, streams=2), Ack(stream="w1", at_us=SIGNAL_US + 9, calls=1))
        complete(connection, "cut_ana", Done(at_us=SIGNAL_US + 50, last_call_us=7, acks=acks, upstream=upstream))
        bump(connection)
    with opened.write() as connection:
        revision = cut_off(connection, CutOff(id="cut_bob", person="bob", cause="deactivated", by="Okta"), SIGNAL_US + 1).revision
        for stream, behind in (("w0", 1), ("w1", 0), ("w2", 1)):
            put_worker(connection, Worker(stream=stream, node="n", boot="b", revision=revision - behind, renewed_us=1))
        put_ack(connection, "cut_bob", Ack(stream="w2", at_us=SIGNAL_US + 2, lost=True))
        cut_off(connection, CutOff(id="cut_x1", person="x1", cause="deleted", by="Okta"), SIGNAL_US + 2)
        bump(connection)
    with opened.write() as connection:
        put_service_account(connection, ServiceOrder(id="nightly", owner="ana"), 1)
        token = Token(id="tok_1", sha256="", prefix="", person="ana", name="t", created_us=1)
        add_token(connection, make_token(b"1" * 32), token)
        bump(connection)
    yield opened
    opened.close()


@pytest.fixture
def room(tmp_path: Path, store: Store) -> Iterator[CutOffRoom]:
    """A room over it, with a desk."""
    vault = Vault(tmp_path / "keys", b"m" * 32)
    book = Book.open(tmp_path / "log", "t-k", vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
    yield CutOffRoom(store, Desk(Journal(store, book, vault.subject), "https://console.example"))
    book.close()


@pytest.mark.parametrize(
    "who",
    [viewer(), viewer("team-leads"), viewer("auditors", auth="token"), viewer("admins", auth="oauth"), viewer("admins", auth="provider")],
)
def test_receipts_are_for_readers_in_person(room: CutOffRoom, who: Viewer) -> None:
    """Who was cut off is nobody else's business, and no token reads it."""
    with pytest.raises(NotForYou):
        room.receipts(who)
    with pytest.raises(NotForYou):
        room.receipt(who, "cut_ana")


@pytest.mark.parametrize(("who", "reason"), [(ADMIN, "left"), (AUDITOR, "left"), (viewer(given=COUNTER), "")])
def test_reasons_are_for_those_who_see_identities(room: CutOffRoom, who: Viewer, reason: str) -> None:
    """In the list as on the receipt."""
    found = room.receipt(who, "cut_ana")
    assert found is not None and found.reason == reason
    assert [one.reason for one in room.receipts(who, "ana").cut_offs] == [reason]


def test_a_receipt_tells_what_was_written(room: CutOffRoom) -> None:
    """Sums over workers and credentials; a worker whose clock is behind did not refuse before the signal."""
    found = room.receipt(AUDITOR, "cut_ana")
    assert found is not None
    assert [(one.stream, one.after_us, one.streams, one.calls) for one in found.workers] == [("w0", 0, 2, 0), ("w1", 9, 0, 1)]
    assert (found.streams, found.calls, found.upstream, found.in_force_us, found.waiting) == (2, 1, (1, 1), 9, ())
    assert room.receipt(AUDITOR, "cut_nobody") is None


def test_who_is_waited_for_is_named(room: CutOffRoom) -> None:
    """Neither who has it in force, nor who was given up; nobody once it is complete."""
    going = room.receipt(AUDITOR, "cut_bob")
    assert going is not None
    assert (going.waiting, going.done_us, going.in_force_us) == (("w0",), None, None)
    assert [(one.stream, one.lost) for one in going.workers] == [("w2", True)]


def test_receipts_come_in_pages(room: CutOffRoom, store: Store) -> None:
    """Newest first; whoever has no name goes by the id; a page that is not there is empty, and so is nobody's."""
    found = room.receipts(AUDITOR)
    assert [(one.id, one.person_name) for one in found.cut_offs] == [("cut_x1", "x1"), ("cut_bob", "Bob"), ("cut_ana", "Ana")]
    with store.write() as connection:
        for number in range(PAGE_RECEIPTS):
            cut_off(connection, CutOff(id=f"cut_{number}", person="ana", cause="groups", by="Okta"), SIGNAL_US + 10 + number)
    pages = [room.receipts(AUDITOR, page=page) for page in (1, 2, 3)]
    assert [len(page.cut_offs) for page in pages] == [PAGE_RECEIPTS, 3, 0]
    assert {(page.total, page.pages) for page in pages} == {(PAGE_RECEIPTS + 3, 2)}
    nobodys = room.receipts(AUDITOR, "nobody")
    assert (nobodys.total, nobodys.pages, nobodys.cut_offs) == (0, 1, ())


def test_what_would_end_is_for_administrators(room: CutOffRoom) -> None:
    """Counted before the button is pressed, with whether the directory may undo it; None for nobody."""
    found, provisioned = room.prospect(ADMIN, "Ana"), room.prospect(ADMIN, "bob")
    assert found is not None and provisioned is not None
    assert (found.person_name, found.active, found.provisioned, found.tokens, found.services) == ("Ana", True, False, 1, ("nightly",))
    assert (provisioned.active, provisioned.provisioned, provisioned.tokens) == (False, True, 0)
    assert room.prospect(ADMIN, "nobody") is None
    for who in (AUDITOR, viewer("admins", auth="token")):
        with pytest.raises(NotForYou):
            room.prospect(who, "ana")


def test_only_administrators_in_person_cut_off(room: CutOffRoom, store: Store) -> None:
    """A refusal ends nothing; the answer is the id of the receipt."""
    order = CutOrder(person="ana", reason="left again")
    for who in (AUDITOR, viewer(), viewer("admins", auth="token")):
        with pytest.raises(NotForYou):
            asyncio.run(room.cut(who, order))
    with pytest.raises(StateError):
        asyncio.run(room.cut(ADMIN, CutOrder(person="ana", reason=" ")))
    assert store.snapshot().people["ana"].active
    with store.write() as connection:
        for stream in ("w0", "w1", "w2"):
            drop_worker(connection, stream, "b")
    id = asyncio.run(room.cut(ADMIN, order))
    found = room.receipt(ADMIN, id)
    assert found is not None and (found.person, found.tokens, found.reason, found.by) == ("ana", 1, "left again", "eve")
    assert not store.snapshot().people["ana"].active
