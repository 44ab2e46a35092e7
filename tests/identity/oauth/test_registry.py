"""AI clients: registered, read from their documents, added, disabled, removed and forgotten."""

import pytest
from aiohttp import web
from msgspec.structs import replace

from gatebook.identity.oauth import clients
from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.oauth.registry import READS_OF_ONE, ClientOrder
from gatebook.record.body_clients import ClientChanged, GrantChanged
from gatebook.record.parts import Source
from gatebook.state import pruning
from gatebook.state.store import StateError
from tests.identity.oauth.deployment import ANN, CALLBACK, Deployment, Site
from tests.identity.oauth.test_redirects import CURSOR

URL = "https://app.example/client.json"
DAY_S = 86_400


async def test_a_registration_survives_a_restart(deployment: Deployment) -> None:
    """It is in state, shared by all processes, and on the record; its secret is nowhere."""
    made = await deployment.register(*CURSOR, token_endpoint_auth_method="client_secret_post")
    deployment.start()
    client = await deployment.server.registry.find(made["client_id"], reader=None)
    assert client.redirect_uris == CURSOR and made["client_secret_expires_at"] == 0
    (record,) = deployment.records(ClientChanged)
    assert (record.action, record.client, record.kind, record.source.ip) == ("registered", made["client_id"], "dcr", "192.0.2.7")
    assert made["client_secret"].encode() not in deployment.everything_kept()


async def test_registrations_from_one_address_are_limited(deployment: Deployment) -> None:
    """By state, so that a restart forgets nothing; an hour later it is free again."""
    await deployment.apply("kind: AiClients\nname: default\nspec:\n  registrations_per_hour: 2\n")
    for _ in range(2):
        await deployment.register()
    deployment.start()
    refused = await deployment.http.post("/oauth/register", json={"redirect_uris": [CALLBACK]})
    assert (refused.status_code, refused.json()["error"]) == (429, "slow_down")
    deployment.clock.offset_s = 3601
    await deployment.register()


async def test_registration_can_be_switched_off(deployment: Deployment) -> None:
    """Nothing is registered, and the metadata no longer names the endpoint."""
    assert "registration_endpoint" in (await deployment.http.get("/.well-known/oauth-authorization-server")).json()
    await deployment.apply("kind: AiClients\nname: default\nspec:\n  registration: false\n")
    assert (await deployment.http.post("/oauth/register", json={"redirect_uris": [CALLBACK]})).status_code == 403
    assert "registration_endpoint" not in (await deployment.http.get("/.well-known/oauth-authorization-server")).json()
    assert not deployment.records(ClientChanged)


async def test_what_signs_nobody_in_is_forgotten_after_a_day(deployment: Deployment) -> None:
    """A client that was used stays, one that was added by hand too."""
    used, _ = await deployment.signed_in()
    unused = (await deployment.register())["client_id"]
    added = await deployment.server.registry.add(ClientOrder(name="Ours", redirect_uris=(CALLBACK,)), deployment.administrator)
    deployment.clock.offset_s = DAY_S + 1
    deployment.start()
    await deployment.register()
    with deployment.store.read() as connection:
        known = {client.id for client in clients.list_clients(connection)}
    assert used in known and added.client.id in known and unused not in known
    response = await deployment.exchange(unused, "x")
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_a_document_is_read_once_and_kept(with_site: Deployment, site: Site) -> None:
    """Its first reading is on the record; it is read again after an hour, and a change is on the record too."""
    site.document(URL)
    for _ in range(3):
        assert (await with_site.consent(URL))["code"]
    assert len(site.asked) == 1
    with_site.clock.offset_s = 3601
    site.document(URL, client_name="Renamed")
    await with_site.consent(URL)
    assert len(site.asked) == 2
    assert [record.action for record in with_site.records(ClientChanged)] == ["read", "read"]


async def test_a_document_that_is_gone_is_believed_for_a_day(with_site: Deployment, site: Site) -> None:
    """So that a host that is down for an hour signs nobody out; then it is over."""
    site.document(URL)
    await with_site.consent(URL)
    site.pages.clear()
    with_site.clock.offset_s = 7200
    assert (await with_site.consent(URL))["code"]
    with_site.clock.offset_s = 2 * DAY_S
    with pytest.raises(OAuthError, match="answered 404"):
        with_site.start()
        await with_site.consent(URL)


async def test_a_document_that_cannot_be_used_is_not_asked_for_again_at_once(with_site: Deployment, site: Site) -> None:
    """Whoever opens the address again and again makes no traffic; the sentence says why it is refused, and nothing is kept."""

    async def lie(_: web.Request) -> web.Response:
        return web.json_response({"client_id": "https://other.example/c", "redirect_uris": [CALLBACK]})

    site.pages["/client.json"] = lie
    for _ in range(3):
        with pytest.raises(OAuthError, match="names another client_id") as refused:
            await with_site.consent(URL)
        assert refused.value.status == 401
    assert len(site.asked) == 1 and not with_site.records(ClientChanged)


async def test_documents_are_never_read_for_strangers(with_site: Deployment, site: Site) -> None:
    """The token endpoint reads none that nobody has signed in by, and there is a switch for all of them."""
    site.document(URL)
    assert (await with_site.exchange(URL, "x")).status_code == 401
    await with_site.apply("kind: AiClients\nname: default\nspec:\n  metadata_documents: false\n")
    with pytest.raises(OAuthError):
        await with_site.consent(URL)
    assert site.asked == []
    assert (await with_site.http.get("/.well-known/oauth-authorization-server")).json()["client_id_metadata_document_supported"] is False


async def test_readings_are_limited(with_site: Deployment, site: Site) -> None:
    """So many in a minute for each session, whatever addresses are named; somebody else's app is read all the same."""
    mine = with_site.session()
    for number in range(READS_OF_ONE):
        with pytest.raises(OAuthError, match="answered 404"):
            await with_site.consent(f"https://app.example/{number}", mine)
    with pytest.raises(OAuthError) as refused:
        await with_site.consent("https://app.example/more", mine)
    assert refused.value.code == "temporarily_unavailable" and len(site.asked) == READS_OF_ONE
    site.document(URL)
    assert (await with_site.consent(URL))["code"]


async def test_addresses_of_one_network_register_together(deployment: Deployment) -> None:
    """Whoever has an IPv6 network has as many addresses as they like, and one bound for all; their neighbour has another."""
    await deployment.apply("kind: AiClients\nname: default\nspec:\n  registrations_per_hour: 2\n")
    body = b'{"redirect_uris":["http://127.0.0.1:1/cb"]}'
    for host in (1, 2):
        await deployment.server.registry.register(body, Source(ip=f"2001:db8::{host}", port=1))
    with pytest.raises(OAuthError, match="from your network"):
        await deployment.server.registry.register(body, Source(ip="2001:db8::3", port=1))
    await deployment.server.registry.register(body, Source(ip="2001:db8:0:1::1", port=1))


async def test_unused_registrations_have_a_bound_and_make_room_for_the_newest(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many networks register, the table stays small, and whoever registers now can sign in; what was used or added stays."""
    monkeypatch.setattr(pruning, "UNUSED_CLIENTS_MAX", 3)
    used, _ = await deployment.signed_in()
    added = await deployment.server.registry.add(ClientOrder(name="Ours", redirect_uris=(CALLBACK,)), deployment.administrator)
    made = []
    for _ in range(6):
        deployment.clock.offset_s += 1
        made.append((await deployment.register())["client_id"])
    with deployment.store.read() as connection:
        known = {client.id for client in clients.list_clients(connection)}
    assert known == {used, added.client.id, *made[-3:]}


async def test_a_client_that_is_disabled_ends_at_once(deployment: Deployment) -> None:
    """Its tokens, its refresh tokens and its sign-ins; enabled again it revives nothing, and asks anew."""
    client, tokens = await deployment.signed_in()
    assert deployment.knows(tokens["access_token"]) == ANN
    await deployment.server.registry.disable(client, deployment.administrator)
    assert deployment.knows(tokens["access_token"]) == "revoked"
    refreshed = {"grant_type": "refresh_token", "client_id": client, "refresh_token": tokens["refresh_token"]}
    assert (await deployment.token(**refreshed)).json()["error"] == "invalid_client"
    with pytest.raises(OAuthError, match="disabled"):
        await deployment.consent(client)
    await deployment.server.registry.disable(client, deployment.administrator, enable=True)
    assert (await deployment.token(**refreshed)).json()["error"] == "invalid_grant"
    assert (await deployment.consent(client))["code"]
    with pytest.raises(StateError, match="not disabled already"):
        await deployment.server.registry.disable(client, deployment.administrator, enable=True)
    assert [record.action for record in deployment.records(ClientChanged)] == ["registered", "disabled", "enabled"]


async def test_a_client_that_is_removed_is_unknown(deployment: Deployment) -> None:
    """With everything that people let it do; 401, so that it registers anew."""
    client, tokens = await deployment.signed_in()
    await deployment.server.registry.remove(client, deployment.administrator)
    assert deployment.knows(tokens["access_token"]) == "revoked"
    response = await deployment.exchange(client, "x")
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    with pytest.raises(StateError, match="no client"):
        await deployment.server.registry.remove(client, deployment.administrator)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (ClientOrder(name=" ", redirect_uris=(CALLBACK,)), "needs a name"),
        (ClientOrder(name="x", redirect_uris=()), "1 to 20"),
        (ClientOrder(name="x", redirect_uris=("javascript:x",)), "must begin with https"),
    ],
)
async def test_what_cannot_be_added_is_refused_with_a_sentence(deployment: Deployment, order: ClientOrder, text: str) -> None:
    """Administrators get the same rules for addresses."""
    with pytest.raises(StateError, match=text):
        await deployment.server.registry.add(order, deployment.administrator)


async def test_who_disabled_is_on_the_record_and_kept_over_a_new_reading(with_site: Deployment, site: Site) -> None:
    """A document that is read again does not enable its client."""
    site.document(URL)
    await with_site.consent(URL)
    await with_site.server.registry.disable(URL, with_site.administrator)
    with with_site.store.write() as connection:
        client = clients.find_client(connection, URL)
        assert client is not None
        clients.put_client(connection, replace(client, disabled_us=None))
        again = clients.find_client(connection, URL)
    assert again is not None and again.disabled_us is not None
    assert with_site.records(ClientChanged)[-1].actor.auth == "socket"
    assert not with_site.records(GrantChanged)[-1].token
