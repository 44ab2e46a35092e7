"""What is shown of tokens, and to whom."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from gatebook.identity.accounts import Wanted as Person
from gatebook.identity.accounts import add_token, put_person, revoke
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.directory import Auth, make_principal
from gatebook.identity.issuing import Issuing
from gatebook.identity.journal import Journal
from gatebook.identity.service_accounts import ServiceOrder, put_service_account
from gatebook.identity.tokens import make_token
from gatebook.log.book import Book
from gatebook.log.clock import SystemClock
from gatebook.log.vault import Vault
from gatebook.reading.rights import NotForYou
from gatebook.reading.token_room import TokenRoom, TokenState, Wanted
from gatebook.reading.viewer import Viewer
from gatebook.settings import LogSettings
from gatebook.state.snapshot import Person as Stored
from gatebook.state.snapshot import Token
from gatebook.state.store import Store, bump


def viewer(person: str, *groups: str, auth: Auth = "session") -> Viewer:
    """Somebody who looks."""
    return Viewer(principal=make_principal(Stored(id=person, groups=groups), "s", auth))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[TokenRoom]:
    """Ana and Bob with a token each of every state, an account that Ana answers for, and one whose owner has left."""
    store = Store.open(tmp_path / "state.db")
    vault = Vault(tmp_path / "keys", b"m" * 32)
    book = Book.open(tmp_path / "log", "t-k", vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
    now_us = SystemClock().wall_us()
    number = 0
    with store.write() as connection:
        for person in ("ana", "bob", "lee"):
            put_person(connection, Person(id=person, name=person.title()), 1)
        put_service_account(connection, ServiceOrder(id="nightly", owner="ana", name="Nightly 100%"), 1)
        put_service_account(connection, ServiceOrder(id="orphan", owner="lee"), 1)
        for person in ("ana", "bob", "nightly", "orphan"):
            for state in ("valid", "expired", "revoked", "oauth"):
                number += 1
                secret = make_token(bytes([number]) * 32)
                blank = Token(id=f"tok_{person}_{state}", sha256="", prefix="", person=person, name=state, created_us=number)
                blank = replace(
                    blank, expires_us=now_us - 1 if state == "expired" else None, kind="oauth" if state == "oauth" else "personal"
                )
                token = add_token(connection, secret, blank)
                if state == "revoked":
                    revoke(connection, token, 5)
        cut_off(connection, CutOff(id="c", person="lee", cause="deactivated", by="scim"), 7)
        bump(connection)
    yield TokenRoom(store, Issuing(Journal(store, book, vault.subject)), SystemClock())
    book.close()
    store.close()


def ids(room: TokenRoom, who: Viewer, wanted: Wanted) -> list[str]:
    """The tokens of a list."""
    return [one.id.removeprefix("tok_") for one in asyncio.run(room.tokens(who, wanted)).tokens]


def test_people_see_their_own_and_those_that_they_answer_for(room: TokenRoom) -> None:
    """Newest first; those of AI apps only where they are asked for; an administrator by a token sees no more than anybody."""
    mine = ["nightly_revoked", "nightly_expired", "nightly_valid", "ana_revoked", "ana_expired", "ana_valid"]
    assert ids(room, viewer("ana"), Wanted()) == mine
    assert ids(room, viewer("ana", "admins", auth="token"), Wanted()) == mine
    assert ids(room, viewer("ana"), Wanted(kind="oauth")) == ["nightly_oauth", "ana_oauth"]
    assert ids(room, viewer("ana", "auditors"), Wanted(text="bob")) == []
    assert len(ids(room, viewer("nora", "admins"), Wanted())) == 12
    assert ids(room, viewer("nora", "admins"), Wanted(own=True)) == []


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("valid", ["nightly_valid", "bob_valid", "ana_valid"]),
        ("expired", ["orphan_expired", "nightly_expired", "bob_expired", "ana_expired"]),
        ("revoked", ["orphan_revoked", "nightly_revoked", "bob_revoked", "ana_revoked"]),
        ("suspended", ["orphan_valid"]),
    ],
)
def test_each_state_is_found_and_told_alike(room: TokenRoom, state: TokenState, found: list[str]) -> None:
    """What a filter finds is shown as what was asked for."""
    page = asyncio.run(room.tokens(viewer("nora", "admins"), Wanted(state=state)))
    assert [one.id.removeprefix("tok_") for one in page.tokens] == found and {one.state for one in page.tokens} == {state}
    assert (page.total, page.pages) == (len(found), 1)


def test_a_text_is_looked_for_as_it_is(room: TokenRoom) -> None:
    """In any case, in owner and name; signs of the database mean nothing."""
    admin = viewer("nora", "admins")
    assert ids(room, admin, Wanted(text="NIGHTLY 100%", state="valid")) == ["nightly_valid"]
    assert ids(room, admin, Wanted(text="n_ghtly")) == [] and ids(room, admin, Wanted(text="%y")) == []
    assert ids(room, admin, Wanted(text="lee", state="suspended")) == ["orphan_valid"]
    assert ids(room, admin, Wanted(page=2)) == []


def test_service_accounts_are_for_administrators_and_their_owners(room: TokenRoom) -> None:
    """Suspended ones first, with who left."""
    orphan, nightly = asyncio.run(room.accounts(viewer("nora", "admins")))
    assert (orphan.id, orphan.active, orphan.owner, orphan.owner_name, orphan.tokens) == ("orphan", False, "lee", "Lee", 2)
    assert (nightly.id, nightly.active, nightly.tokens) == ("nightly", True, 2)
    assert [one.id for one in asyncio.run(room.accounts(viewer("ana"), own=True))] == ["nightly"]
    for who in (viewer("ana"), viewer("nora", "admins", auth="token"), viewer("eve", "security")):
        with pytest.raises(NotForYou):
            asyncio.run(room.accounts(who))
