"""A person connects an account: away and back, with a real server; and everything that could go wrong between."""

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from gatebook.identity.credentials.connecting import ConnectError, Connecting
from gatebook.identity.credentials.web import Answer, Reach, Request
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.state import credentials as rows
from gatebook.state.store import bump
from tests.identity.credentials.conftest import ANN, BROWSER, Keeper, Notes, agree, connector


async def test_an_account_is_connected_and_sealed(keeper: Keeper, notes: Notes) -> None:
    """The record names the credential and its issuer; no secret is in state or in the log."""
    await keeper.connect(connector(notes.url))
    kept = keeper.safe.find("notes", ANN)
    assert kept is not None and kept.row.status == "connected" and kept.row.scopes == ("read",)
    seen = await notes.control()
    assert {kept.grant.access, kept.grant.refresh} == set(seen["secrets"])
    [made] = keeper.changes()
    assert (made.action, made.credential, made.owner, made.issuer) == (
        "connected",
        kept.row.id,
        keeper.ann.subject,
        notes.url.removesuffix("/mcp"),
    )
    with keeper.store.read() as connection:
        dump = str(connection.execute(text("SELECT * FROM upstream_credentials, upstream_clients")).all())
    log = b"".join(path.read_bytes() for path in keeper._log.rglob("*") if path.is_file())
    for secret in (*seen["secrets"], kept.grant.client.secret if kept.grant.client and kept.grant.client.secret else "-" * 40):
        assert secret not in dump and secret.encode() not in log


async def test_gatebook_registers_once(keeper: Keeper, notes: Notes) -> None:
    """Also for the next person; the registration is kept by issuer."""
    await keeper.connect(connector(notes.url))
    await keeper.connect(connector(notes.url))
    assert (await notes.control())["registered"] == 1


async def test_an_attempt_is_good_once(keeper: Keeper, notes: Notes) -> None:
    """The same answer again finds nothing."""
    attempt = await keeper.connecting.begin(connector(notes.url), keeper.ann, BROWSER)
    returned = await agree(attempt)
    await keeper.connecting.finish(returned, keeper.ann, BROWSER)
    with pytest.raises(ConnectError, match="used already"):
        await keeper.connecting.finish(returned, keeper.ann, BROWSER)


async def test_an_answer_in_another_browser_is_worth_nothing(keeper: Keeper, notes: Notes) -> None:
    """Nor is it afterwards in the right one: somebody else has seen it. Neither is it for another person."""
    for who, browser in ((keeper.ann, "x" * 64), (keeper.principal("bob@example.com"), BROWSER)):
        attempt = await keeper.connecting.begin(connector(notes.url), keeper.ann, BROWSER)
        returned = await agree(attempt)
        for one, where in ((who, browser), (keeper.ann, BROWSER)):
            with pytest.raises(ConnectError, match="not begun here"):
                await keeper.connecting.finish(returned, one, where)
    assert keeper.safe.find("notes", ANN) is None and not keeper.changes()


@pytest.mark.parametrize("stays", [False, True])
async def test_who_is_cut_off_on_the_way_back_connects_nothing(keeper: Keeper, notes: Notes, *, stays: bool) -> None:
    """Between the browser's return and the token: what came is given back, also for a person who may sign in anew."""
    attempt = await keeper.connecting.begin(connector(notes.url), keeper.ann, BROWSER)
    returned = await agree(attempt)
    fetch_before = keeper.connecting.fetch

    async def fetch(request: Request, reach: Reach) -> Answer:
        answer = await fetch_before(request, reach)
        if request.url.endswith("/token"):
            with keeper.store.write() as connection:
                order = CutOff(id="c", person=ANN, cause="administrator", by="root", deactivate=not stays)
                cut_off(connection, order, 1)
                bump(connection)
        return answer

    keeper.connecting.fetch = fetch
    with pytest.raises(ConnectError, match="cut off"):
        await keeper.connecting.finish(returned, keeper.ann, BROWSER)
    assert keeper.safe.find("notes", ANN) is None and (await notes.control())["live"] == 0


@pytest.mark.parametrize("iss", ["https://evil.example", "+/"])
async def test_an_answer_of_another_server_is_not_believed(keeper: Keeper, notes: Notes, iss: str) -> None:
    """RFC 9207: compared as text, before the code goes anywhere; what failed is on the record."""
    attempt = await keeper.connecting.begin(connector(notes.url), keeper.ann, BROWSER)
    returned = await agree(attempt)
    wrong = replace(returned, iss=(returned.iss or "") + "/" if iss == "+/" else iss)
    with pytest.raises(ConnectError, match="another authorization server"):
        await keeper.connecting.finish(wrong, keeper.ann, BROWSER)
    assert (await notes.control())["secrets"] == []
    assert [body.action for body in keeper.changes()] == ["failed"]


async def test_an_attempt_ends(keeper: Keeper, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten minutes."""
    attempt = await keeper.connecting.begin(connector(notes.url), keeper.ann, BROWSER)
    returned = await agree(attempt)
    with keeper.store.write() as connection:
        connection.execute(text("UPDATE upstream_attempts SET expires_us = 1"))
    assert keeper.connecting.pending("notes", keeper.ann, BROWSER) is None
    with pytest.raises(ConnectError, match="is over"):
        await keeper.connecting.finish(returned, keeper.ann, BROWSER)


async def test_somebody_who_was_cut_off_meanwhile_connects_nothing(keeper: Keeper, notes: Notes) -> None:
    """Between the page of the authorization server and the way back."""
    attempt = await keeper.connecting.begin(connector(notes.url), keeper.ann, BROWSER)
    returned = await agree(attempt)
    with keeper.store.write() as connection:
        connection.execute(text("UPDATE people SET active = 0"))
    with pytest.raises(ConnectError, match="cut off"):
        await keeper.connecting.finish(returned, keeper.ann, BROWSER)
    assert keeper.safe.find("notes", ANN) is None


async def test_who_does_not_agree_is_told_so(keeper: Keeper, notes: Notes) -> None:
    """Whatever the server writes into its answer is not shown."""
    attempt = await keeper.connecting.begin(connector(notes.url), keeper.ann, BROWSER)
    returned = replace(await agree(attempt), code=None, error="access_denied")
    with pytest.raises(ConnectError, match="^You did not agree.$"):
        await keeper.connecting.finish(returned, keeper.ann, BROWSER)


async def test_what_the_connector_asked_for_since_is_asked_for_with_what_was_before(keeper: Keeper, notes: Notes) -> None:
    """Step-up: the union, so that nothing is lost."""
    await keeper.connect(connector(notes.url))
    kept = keeper.safe.find("notes", ANN)
    assert kept is not None
    with keeper.store.write() as connection:
        rows.want(connection, kept.row.id, ("write",))
    await keeper.connect(connector(notes.url))
    assert (await notes.control())["authorized"] == ["read", "read write"]
    again = keeper.safe.find("notes", ANN)
    assert again is not None and again.row.scopes == ("read", "write") and again.row.id != kept.row.id


def test_the_document_is_only_for_consoles_that_others_reach(keeper: Keeper) -> None:
    """A client id that is an address has to be https."""
    assert keeper.connecting.document_url is None
    public = Connecting(keeper.journal, keeper.safe, keeper.connecting.fetch, keeper.connecting._reach_from, "https://book.example")
    document = public.document()
    assert document["client_id"] == public.document_url == "https://book.example/client-metadata.json"
    assert document["redirect_uris"] == ["https://book.example/connect/callback"] and "refresh_token" in str(document["grant_types"])
