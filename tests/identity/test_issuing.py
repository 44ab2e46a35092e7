"""Tokens are made by people who are there, within bounds, and on the record."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatebook.identity.directory import Auth, Directory, Principal, make_principal
from gatebook.identity.issuing import IssuedToken, Issuing, TokenOrder, TokenRefused
from gatebook.identity.journal import Journal
from gatebook.identity.service_accounts import ServiceOrder
from gatebook.identity.tokens import digest, kind_of
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.body import AnyBody, TokenChanged
from gatebook.record.codec import decode_body, decode_header
from gatebook.settings import LogSettings
from gatebook.state.snapshot import Person
from gatebook.state.store import StateError, Store

DAY_US = 86_400_000_000
ANA = Person(id="ana@corp.example", groups=("sales",))


def who(person: str, *groups: str, auth: Auth = "session") -> Principal:
    """Somebody who has proved who they are."""
    return make_principal(Person(id=person, groups=groups), digest(person)[:32], auth)


HOST = who("os:root", auth="socket")
ADMIN = who("nora@corp.example", "admins")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault."""
    return Vault(tmp_path / "keys", b"m" * 32)


@pytest.fixture
def book(tmp_path: Path, vault: Vault) -> Iterator[Book]:
    """A book."""
    opened = Book.open(tmp_path / "log", "t-k", vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
    yield opened
    opened.close()


@pytest.fixture
def issuing(store: Store, book: Book, vault: Vault) -> Issuing:
    """Who makes tokens."""
    return Issuing(Journal(store, book, vault.subject))


@pytest.fixture
def recorded(tmp_path: Path, vault: Vault) -> Callable[[], list[tuple[AnyBody, dict]]]:
    """Reads all records with their clear payloads."""

    def read() -> list[tuple[AnyBody, dict]]:
        reader = StreamReader(tmp_path / "log" / "t-k")
        found = []
        for entry in reader.read(1000, 1 << 24):
            body = decode_body(entry.core)
            payload = getattr(body, "payload", None)
            found.append((body, vault.open(decode_header(entry.core).id, payload, entry.payload) if payload else {}))
        reader.close()
        return found

    return read


def refused(store: Store, issued: IssuedToken) -> str:
    """Why the gateway would refuse a token now; empty when it would not."""
    return getattr(Directory(store.snapshot(), str).authenticate(f"Bearer {issued.secret}", issued.token.created_us), "reason", "")


async def test_a_token_works_and_its_record_names_owner_kind_and_scopes(
    issuing: Issuing, store: Store, vault: Vault, recorded: Callable
) -> None:
    """The secret is returned once and is in no record; its owner is created on the record; who made it is kept."""
    order = TokenOrder(person="Ana@corp.example", groups=("sales",), name=" laptop ", scopes=("mcp:crm", "mcp:crm", "book:read"))
    issued = await issuing.create(order, HOST)
    principal = Directory(store.snapshot(), vault.subject).authenticate(f"Bearer {issued.secret}", 0)
    assert isinstance(principal, Principal)
    assert (principal.groups, principal.scopes) == (("sales",), ("book:read", "mcp:crm"))
    (person, _), (token, parts) = recorded()
    assert (person.kind, person.name, person.action) == ("Person", ANA.id, "created")
    assert isinstance(token, TokenChanged)
    assert (token.action, token.token, token.owner, token.kind) == ("created", issued.token.id, principal.subject, "personal")
    assert (token.scopes, token.expires) == (("book:read", "mcp:crm"), issued.token.expires_us)
    assert json.loads(parts["identity"])["groups"] == ["sales"]
    assert issued.secret not in repr(recorded()) and digest(issued.secret) not in repr(recorded())
    assert (issued.token.name, issued.token.created_by) == ("laptop", "os:root")


async def test_a_token_is_made_in_person_only(issuing: Issuing, store: Store) -> None:
    """A program that holds a token of an administrator makes, revokes and gives away nothing, or one leak would become another."""
    issued = await issuing.create(TokenOrder(person=ANA.id), HOST)
    for auth in ("token", "oauth", "provider", "profile"):
        program = who(ANA.id, "admins", auth=auth)  # type: ignore[arg-type]
        with pytest.raises(TokenRefused, match="in person"):
            await issuing.create(TokenOrder(person=ANA.id), program)
        with pytest.raises(TokenRefused, match="in person"):
            await issuing.revoke(issued.token.id, program)
        with pytest.raises(TokenRefused, match="in person"):
            await issuing.put_service_account(ServiceOrder(id="bot", owner=ANA.id), program)
    assert len(store.snapshot().tokens) == 1


async def test_people_make_and_revoke_their_own_and_nobody_elses(issuing: Issuing, store: Store) -> None:
    """Not even an administrator makes a token with which to be somebody else; a token of somebody else is as unknown as none."""
    await issuing.create(TokenOrder(person="bob"), HOST)
    theirs = await issuing.create(TokenOrder(person=ANA.id), HOST)
    mine = await issuing.create(TokenOrder(person="bob", scopes=("mcp",)), who("bob"))
    with pytest.raises(TokenRefused, match="of your own") as error:
        await issuing.create(TokenOrder(person=ANA.id), ADMIN)
    assert error.value.kind == "rights"
    with pytest.raises(TokenRefused, match="of your own"):
        await issuing.create(TokenOrder(person="nobody"), who("bob"))
    with pytest.raises(TokenRefused, match="on the host"):
        await issuing.create(TokenOrder(person="bob", groups=("admins",)), who("bob"))
    for id in (theirs.token.id, "tok_none"):
        with pytest.raises(TokenRefused, match="there is no token") as error:
            await issuing.revoke(id, who("bob"))
        assert error.value.kind == "missing"
    await issuing.revoke(mine.token.id, who("bob"), "lost the laptop")
    await issuing.revoke(theirs.token.id, ADMIN)
    assert (refused(store, mine), refused(store, theirs)) == ("revoked", "revoked")


async def test_a_revoked_token_is_on_the_record_with_its_reason(issuing: Issuing, recorded: Callable) -> None:
    """Revoking a second time is a mistake that leaves no record."""
    issued = await issuing.create(TokenOrder(person="ana"), HOST)
    await issuing.revoke(issued.token.id, HOST, "leaked")
    with pytest.raises(StateError, match="already"):
        await issuing.revoke(issued.token.id, HOST)
    assert [(body.action, body.reason) for body, _ in recorded()] == [("created", None), ("created", None), ("revoked", "leaked")]


@pytest.mark.parametrize(
    ("order", "caller", "text"),
    [
        (TokenOrder(person="ana", expires_us=1), HOST, "expired already"),
        (TokenOrder(person="ana", expires_us=1 << 62), HOST, "365 days at most"),
        (TokenOrder(person="ana", never=True), HOST, "takes a reason"),
        (TokenOrder(person="ana", never=True, reason="  "), HOST, "takes a reason"),
        (TokenOrder(person="ana", never=True, reason="why not"), who("ana"), "only an administrator"),
        (TokenOrder(person="ana", scopes=("mcp:*",)), HOST, "is not a scope"),
        (TokenOrder(person="ana", scopes=tuple(f"mcp:c{number}" for number in range(51))), HOST, "at most 50 scopes"),
        (TokenOrder(person="ana", name="x" * 81), HOST, "at most 80"),
        (TokenOrder(person="ana", name="a\u202eb"), HOST, "hidden"),
        (TokenOrder(person="ana", never=True, reason="x" * 501), HOST, "at most 500"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_in_a_sentence(
    order: TokenOrder, caller: Principal, text: str, issuing: Issuing, store: Store
) -> None:
    """Nothing is half done: no token, and no record of one."""
    await issuing.create(TokenOrder(person="ana"), HOST)
    before = store.revision()
    with pytest.raises(TokenRefused, match=text):
        await issuing.create(order, caller)
    assert store.revision() == before


async def test_a_token_lives_ninety_days_and_for_ever_only_with_a_reason(issuing: Issuing, recorded: Callable) -> None:
    """What nobody thought about ends; what does not end says why, on the record."""
    issued = await issuing.create(TokenOrder(person="ana"), HOST)
    assert issued.token.expires_us == issued.token.created_us + 90 * DAY_US
    eternal = await issuing.create(TokenOrder(person="ana", never=True, reason="the display in the hall"), HOST)
    assert eternal.token.expires_us is None
    assert recorded()[-1][0].reason == "the display in the hall"


async def test_service_accounts_have_an_owner_who_makes_their_tokens(issuing: Issuing, store: Store, recorded: Callable) -> None:
    """An administrator makes the account; its owner and administrators make its tokens; others do not."""
    await issuing.create(TokenOrder(person=ANA.id), HOST)
    made = await issuing.put_service_account(ServiceOrder(id="nightly", owner=ANA.id, groups=("sales",)), ADMIN)
    assert (made.kind, made.owner, made.groups) == ("service", ANA.id, ("sales",))
    with pytest.raises(TokenRefused, match="administrators"):
        await issuing.put_service_account(ServiceOrder(id="mine", owner=ANA.id), who(ANA.id))
    for caller in (who(ANA.id), ADMIN, HOST):
        issued = await issuing.create(TokenOrder(person="nightly"), caller)
        assert kind_of(issued.secret) == "service" and issued.token.kind == "service" and not refused(store, issued)
    with pytest.raises(TokenRefused, match="you answer for"):
        await issuing.create(TokenOrder(person="nightly"), who("bob"))
    assert recorded()[-1][0].kind == "service"
    with pytest.raises(TokenRefused, match="accounts give"):
        await issuing.create(TokenOrder(person="nightly", owner="bob"), HOST)


async def test_without_a_record_there_is_no_token(issuing: Issuing, book: Book, store: Store) -> None:
    """When the book cannot be written nothing is made."""
    book.close()
    with pytest.raises(LogUnavailable):
        await issuing.create(TokenOrder(person="ana"), HOST)
    assert store.snapshot().tokens == {} and store.revision() == 0
