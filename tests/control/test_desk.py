"""Changes and their records: one does not happen without the other."""

import json
from collections.abc import Callable

import pytest

from gatebook.control.desk import Desk, LinkOrder
from gatebook.identity.cutting import CutOrder
from gatebook.identity.directory import Principal
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.vault import Vault
from gatebook.record.body import ConfigChanged
from gatebook.record.body_access import SignedIn, SignedOut
from gatebook.record.parts import Source
from gatebook.settings import Settings
from gatebook.state.documents import Document, DocumentError, parse_documents
from gatebook.state.store import StateError, Store

SOURCE = Source(ip="127.0.0.1", port=5)


def crm(url: str = "https://crm.example/mcp") -> list[Document]:
    """One connector."""
    return parse_documents(f"kind: Connector\nname: crm\nspec: {{transport: http, url: '{url}'}}\n", "c.yaml")


async def test_each_change_is_a_record_with_author_reason_and_diff(desk: Desk, caller: Principal, recorded: Callable[..., list]) -> None:
    """The record says what the state says: kind, name, version and revision."""
    await desk.apply(crm(), caller, "first")
    applied = await desk.apply(crm("http://crm.example/mcp"), caller, "second")
    await desk.delete("Connector", "crm", caller)
    bodies = recorded()
    assert [(body.action, body.version, body.revision, body.reason) for body, _ in bodies] == [
        ("created", 1, 1, "first"), ("changed", 2, 2, "second"), ("deleted", 3, 3, None),
    ]  # fmt: skip
    body, parts = bodies[1]
    assert isinstance(body, ConfigChanged)
    assert (body.kind, body.name, body.actor.auth) == ("Connector", "crm", "socket")
    assert parts["diff"].decode() == applied.changes[0].diff
    assert json.loads(parts["identity"])["id"] == "os:root"


async def test_nothing_is_recorded_when_nothing_changes(desk: Desk, caller: Principal, recorded: Callable[..., list], store: Store) -> None:
    """A dry run and a second apply of the same say so, and leave state and book as they are."""
    tried = await desk.apply(crm(), caller, dry_run=True)
    assert (tried.dry_run, tried.changes[0].action, store.revision()) == (True, "created", 0)
    await desk.apply(crm(), caller)
    again = await desk.apply(crm(), caller)
    assert again.changes[0].action == "unchanged"
    assert store.revision() == again.revision == 1
    assert len(recorded()) == 1


async def test_without_a_record_there_is_no_change(desk: Desk, caller: Principal, book: Book, store: Store) -> None:
    """When the book cannot be written the change is refused, and state is as before."""
    book.close()
    with pytest.raises(LogUnavailable):
        await desk.apply(crm(), caller)
    with pytest.raises(LogUnavailable):
        await desk.issuing.create(TokenOrder(person="ana"), caller)
    assert store.revision() == 0
    assert store.snapshot().connectors == store.snapshot().people == {}


async def test_several_documents_change_together_or_not_at_all(desk: Desk, caller: Principal, store: Store) -> None:
    """One resource twice in a set spoils the whole set."""
    with pytest.raises(DocumentError):
        await desk.apply(crm() + parse_documents("\n" + crm()[0].yaml, "d.yaml"), caller)
    assert store.revision() == 0


async def test_a_one_time_link_opens_one_session(desk: Desk, caller: Principal, recorded: Callable[..., list]) -> None:
    """The link is made and used on the record; the session is that of its person until it is closed."""
    url = (await desk.make_link(LinkOrder(person="Admin"), caller)).url
    opened = await desk.sign_in(url.partition("#")[2], SOURCE)
    assert opened is not None
    assert await desk.sign_in(url.partition("#")[2], SOURCE) is None
    who = desk.who(opened.secret)
    assert who is not None
    assert (who.person, who.auth) == ("admin", "session")
    await desk.sign_out(opened.secret, SOURCE)
    person, link, signed_in, signed_out = (body for body, _ in recorded())
    assert (person.kind, link.kind) == ("Person", "OneTimeLink")
    assert isinstance(signed_in, SignedIn)
    assert (signed_in.actor.subject, signed_in.actor.auth, signed_in.source) == (who.subject, "link", SOURCE)
    assert isinstance(signed_out, SignedOut)
    assert (signed_out.cause, signed_out.owner, signed_out.session, signed_out.source) == ("own", who.subject, signed_in.session, SOURCE)
    assert desk.who(opened.secret) is None
    assert [token.id for token in desk.tokens()] == []
    assert [found.id for found in desk.people()] == ["admin"]


async def test_a_link_is_not_used_up_without_a_record(
    desk: Desk, caller: Principal, book: Book, settings: Settings, vault: Vault, store: Store
) -> None:
    """Who cannot be recorded is not let in, and can try again later."""
    url = (await desk.make_link(LinkOrder(), caller)).url
    book.close()
    with pytest.raises(LogUnavailable):
        await desk.sign_in(url.partition("#")[2], SOURCE)
    later = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
    assert await Desk(Journal(store, later, vault.subject), "").sign_in(url.partition("#")[2], SOURCE) is not None
    later.close()


PROVIDER = parse_documents("kind: IdentityProvider\nname: corp\nspec: {issuer: 'https://idp.example', client_id: gatebook}\n", "idp.yaml")


async def test_with_a_provider_a_link_opens_nothing_by_itself(desk: Desk, caller: Principal, store: Store) -> None:
    """It is for the sign-in that follows; nobody is made an administrator before."""
    await desk.apply(PROVIDER, caller)
    link = await desk.make_link(LinkOrder(person="Ana"), caller)
    assert (link.purpose, link.person) == ("administrator", "ana") and store.snapshot().people == {}
    assert await desk.sign_in(link.url.partition("#")[2], SOURCE) is None
    page = await desk.make_link(LinkOrder(unless_provider=True), caller)
    assert (page.url.endswith("/login"), page.expires_us) == (True, None)


async def test_breaking_the_glass_is_on_the_record_with_its_reason(desk: Desk, caller: Principal, recorded: Callable[..., list]) -> None:
    """The making of the link and its use; without a reason there is no link."""
    await desk.apply(PROVIDER, caller)
    for reason in (None, "", " \n"):
        with pytest.raises(StateError, match="needs a reason"):
            await desk.make_link(LinkOrder(break_glass=True, reason=reason), caller)
    link = await desk.make_link(LinkOrder(break_glass=True, reason="the provider\nis down"), caller)
    opened = await desk.sign_in(link.url.partition("#")[2], SOURCE, "Browser/1")
    assert opened is not None and opened.principal.groups == ("admins",) and opened.session.auth == "break_glass"
    _, _, made, used = (body for body, _ in recorded())
    assert isinstance(made, ConfigChanged) and (made.kind, made.reason) == ("OneTimeLink", "break-glass: the provider is down")
    assert isinstance(used, SignedIn) and (used.break_glass, used.reason, used.session) == (True, "the provider is down", opened.session.id)


@pytest.mark.parametrize("more", [{}, {"break_glass": True, "reason": "the provider is down"}])
async def test_no_link_is_made_that_would_open_nothing(desk: Desk, caller: Principal, recorded: Callable[..., list], more: dict) -> None:
    """For somebody whose access is switched off, least of all in an emergency: the sentence says what to do instead."""
    await desk.make_link(LinkOrder(person="ana"), caller)
    await desk.cut_off(CutOrder(person="ana", reason="left"), caller)
    before = len(recorded())
    with pytest.raises(StateError, match="ana is switched off, so the link would open nothing; name somebody else"):
        await desk.make_link(LinkOrder(person="Ana", **more), caller)
    assert len(recorded()) == before
