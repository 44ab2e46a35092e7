"""A client asks, a person answers."""

import asyncio
from typing import Any

import pytest

from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.oauth.registry import ClientOrder
from gatebook.identity.oauth.requests import WAITING_MAX
from gatebook.record.body_clients import GrantChanged
from tests.identity.oauth.deployment import CALLBACK, CHALLENGE, ISSUER, MCP, RESOURCE, SOURCE, Deployment

EVIL = "https://evil.example/cb"


async def added(deployment: Deployment) -> str:
    """The id of a client that an administrator added."""
    order = ClientOrder(name="Ours", redirect_uris=(CALLBACK,))
    return (await deployment.server.registry.add(order, deployment.administrator)).client.id


async def test_a_person_allows_and_the_client_is_told_by_whom(deployment: Deployment) -> None:
    """Code, state and iss go to the registered address; the grant is on the record with the person as actor, the code in no file."""
    client = (await deployment.register())["client_id"]
    said = await deployment.consent(client)
    assert said["at"] == CALLBACK and said["state"] == "st" and said["iss"] == ISSUER and "error" not in said
    (record,) = deployment.records(GrantChanged)
    assert (record.action, record.by, record.client, record.resource, record.scopes) == ("created", "consent", client, RESOURCE, ("mcp",))
    assert record.owner == record.actor.subject == deployment.vault.subject("ann@example.com") and record.actor.auth == "session"
    assert said["code"].encode() not in deployment.everything_kept()


async def test_a_person_denies(deployment: Deployment) -> None:
    """The client gets access_denied with iss, nothing is granted, and it is on the record."""
    client = (await deployment.register())["client_id"]
    said = await deployment.consent(client, allow=False)
    assert (said["error"], said["iss"], said["state"]) == ("access_denied", ISSUER, "st") and "code" not in said
    (record,) = deployment.records(GrantChanged)
    assert (record.action, record.grant) == ("refused", None)


async def test_a_request_is_answered_once_in_the_browser_that_it_began_in(deployment: Deployment) -> None:
    """Another session cannot answer it, nor anybody a second time, nor ten minutes later."""
    client = (await deployment.register())["client_id"]
    values = {"client_id": client, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    mine, theirs = deployment.session(), deployment.session()
    begun = await deployment.server.consenting.begin(values, mine)
    for id, session in ((begun.id, theirs), ("made-up", mine), ("", mine)):
        with pytest.raises(OAuthError, match="over"):
            await deployment.server.consenting.answer(id, session, deployment.ann, SOURCE, allow=True)
    await deployment.server.consenting.answer(begun.id, mine, deployment.ann, SOURCE, allow=True)
    with pytest.raises(OAuthError, match="over"):
        await deployment.server.consenting.answer(begun.id, mine, deployment.ann, SOURCE, allow=True)
    late = await deployment.server.consenting.begin(values, mine)
    deployment.clock.offset_s = 601
    with pytest.raises(OAuthError, match="over"):
        await deployment.server.consenting.question(late.id, mine)


async def test_a_session_has_so_many_requests_that_wait(deployment: Deployment) -> None:
    """A page that opens the address again and again fills nothing: the oldest go; those of other sessions stay."""
    client = (await deployment.register())["client_id"]
    values = {"client_id": client, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    mine, theirs = deployment.session(), deployment.session()
    other = await deployment.server.consenting.begin(values, theirs)
    begun = []
    for _ in range(WAITING_MAX + 2):
        deployment.clock.offset_s += 1
        begun.append((await deployment.server.consenting.begin(values, mine)).id)
    for id in begun[:2]:
        with pytest.raises(OAuthError, match="over"):
            await deployment.server.consenting.question(id, mine)
    for id in begun[2:]:
        await deployment.server.consenting.question(id, mine)
    await deployment.server.consenting.question(other.id, theirs)


async def test_a_request_waits_for_a_change_that_is_under_way(deployment: Deployment) -> None:
    """Without holding up the loop on which that change waits for its record."""
    client, mine = (await deployment.register())["client_id"], deployment.session()
    values = {"client_id": client, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    under_way, done = asyncio.Event(), asyncio.Event()

    async def change() -> None:
        async with deployment.journal.change():
            under_way.set()
            await asyncio.sleep(0.2)
            done.set()

    changing = asyncio.create_task(change())
    await under_way.wait()
    assert (await deployment.server.consenting.begin(values, mine)).id and done.is_set()
    await changing


@pytest.mark.parametrize("redirect", [EVIL, CALLBACK + "/x", "javascript:alert(1)", "http://127.0.0.1:33418/callback#x"])
async def test_nobody_is_sent_to_an_address_that_is_not_the_clients(deployment: Deployment, redirect: str) -> None:
    """The person is told, the address gets nothing: no open redirect."""
    for client in ((await deployment.register())["client_id"], await added(deployment)):
        with pytest.raises(OAuthError, match="did not register"):
            await deployment.consent(client, redirect_uri=redirect)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": f"{MCP}/admin"}, "invalid_target"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"state": "s" * 2001}, "invalid_request"),
    ],
)
async def test_a_wrong_request_goes_back_only_to_whom_we_know(deployment: Deployment, more: dict[str, str], code: str) -> None:
    """A client that was added is told, with iss; for one that registered itself the person is, so that it is no open redirect."""
    said = await deployment.consent(await added(deployment), **more)
    assert (said["error"], said["iss"]) == (code, ISSUER) and "code" not in said
    with pytest.raises(OAuthError) as refused:
        await deployment.consent((await deployment.register())["client_id"], **more)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("more", "resource", "scopes"),
    [
        ({}, RESOURCE, ("mcp",)),
        ({"resource": ""}, RESOURCE, ("mcp",)),
        ({"resource": f"{RESOURCE}/"}, RESOURCE, ("mcp",)),
        ({"resource": f"{RESOURCE}/crm"}, f"{RESOURCE}/crm", ("mcp:crm",)),
        ({"resource": f"{RESOURCE}/not-there"}, f"{RESOURCE}/not-there", ("mcp:not-there",)),
        ({"scope": "mcp:crm offline_access"}, RESOURCE, ("mcp:crm",)),
    ],
)
async def test_what_is_granted_is_for_one_address(
    deployment: Deployment, more: dict[str, Any], resource: str, scopes: tuple[str, ...]
) -> None:
    """The one that is asked for, existing or not; that of all connectors where none is named."""
    await deployment.consent((await deployment.register())["client_id"], **more)
    (record,) = deployment.records(GrantChanged)
    assert (record.resource, record.scopes) == (resource, scopes)


async def test_a_client_with_several_addresses_must_name_one(deployment: Deployment) -> None:
    """With one it may leave it out."""
    one = (await deployment.register())["client_id"]
    assert (await deployment.consent(one, redirect_uri=""))["at"] == CALLBACK
    two = (await deployment.register(CALLBACK, "https://a.example/cb"))["client_id"]
    with pytest.raises(OAuthError, match="where to send you"):
        await deployment.consent(two, redirect_uri="")


async def test_any_loopback_port_will_do(deployment: Deployment) -> None:
    """VS Code takes whatever port is free, and the code is bound to that one."""
    client = (await deployment.register("https://vscode.dev/redirect", "http://127.0.0.1:33418/"))["client_id"]
    said = await deployment.consent(client, redirect_uri="http://127.0.0.1:50505/")
    assert said["at"] == "http://127.0.0.1:50505/"
    assert (await deployment.exchange(client, said["code"], redirect_uri="http://127.0.0.1:50505/")).status_code == 200


async def test_whoever_was_cut_off_meanwhile_allows_nothing(deployment: Deployment) -> None:
    """The session may still be in a browser; the person is asked of state."""
    client = (await deployment.register())["client_id"]
    values = {"client_id": client, "response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    session = deployment.session()
    begun = await deployment.server.consenting.begin(values, session)
    deployment.cut()
    with pytest.raises(OAuthError):
        await deployment.server.consenting.answer(begun.id, session, deployment.ann, SOURCE, allow=True)
    assert not deployment.records(GrantChanged)
