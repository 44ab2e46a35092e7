"""Codes and refresh tokens against access tokens, and their end."""

from typing import Any

import pytest

from gatebook.identity.oauth import grants
from gatebook.record.body_clients import GrantChanged
from gatebook.state.snapshot import read_tokens
from tests.identity.oauth.deployment import ANN, CALLBACK, MCP, RESOURCE, VERIFIER, Deployment


def refreshing(client: str, tokens: dict[str, Any], **more: str) -> dict[str, str]:
    """The form of a refresh."""
    return {"grant_type": "refresh_token", "client_id": client, "refresh_token": tokens["refresh_token"]} | more


async def test_a_code_becomes_tokens_that_work_at_their_address_only(deployment: Deployment) -> None:
    """Opaque, short, bound to the address; on the record by id; workers know it before the client does; no secret is in any file."""
    client, tokens = await deployment.signed_in()
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 900, "mcp")
    assert deployment.knows(tokens["access_token"]) == ANN
    assert deployment.knows(tokens["access_token"], f"{RESOURCE}/crm") == "audience"
    created, issued = deployment.records(GrantChanged)
    with deployment.store.read() as connection:
        (token,) = read_tokens(connection)
    assert (issued.action, issued.by, issued.token, issued.grant, issued.client) == ("issued", "code", token.id, created.grant, client)
    assert (token.kind, token.client, token.grant_id, token.resource, token.person) == ("oauth", client, created.grant, RESOURCE, ANN)
    assert deployment.revisions == [deployment.store.revision()]
    kept = deployment.everything_kept()
    assert tokens["access_token"].encode() not in kept and tokens["refresh_token"].encode() not in kept
    deployment.clock.offset_s = 901
    assert deployment.knows(tokens["access_token"]) == "expired"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": VERIFIER + "v" * 100}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "x"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/callback"}, "invalid_grant"),
        ({"resource": f"{RESOURCE}/crm"}, "invalid_target"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": ""}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
        ({"client_id": "gwc_unknown"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
    ],
)
async def test_a_code_is_bound_to_its_request(deployment: Deployment, more: dict[str, str], error: str) -> None:
    """Verifier, address and resource must be those of the request; an unknown client gets 401."""
    client = (await deployment.register())["client_id"]
    said = await deployment.consent(client)
    response = await deployment.exchange(client, said["code"], **more)
    assert (response.status_code, response.json()["error"]) == (401 if error == "invalid_client" else 400, error)
    assert response.headers["cache-control"] == "no-store" and response.json()["error_description"]
    with deployment.store.read() as connection:
        assert not read_tokens(connection)


async def test_a_code_of_another_client_is_unknown(deployment: Deployment) -> None:
    """And stays good for its own."""
    mine, theirs = (await deployment.register())["client_id"], (await deployment.register())["client_id"]
    said = await deployment.consent(mine)
    assert (await deployment.exchange(theirs, said["code"])).json()["error"] == "invalid_grant"
    assert (await deployment.exchange(mine, said["code"])).status_code == 200


async def test_a_code_that_comes_twice_ends_everything(deployment: Deployment) -> None:
    """The first one's tokens as well (RFC 6749 section 4.1.2), on the record."""
    client = (await deployment.register())["client_id"]
    said = await deployment.consent(client)
    tokens = (await deployment.exchange(client, said["code"])).json()
    assert (await deployment.exchange(client, said["code"])).json()["error"] == "invalid_grant"
    assert deployment.knows(tokens["access_token"]) == "revoked"
    assert (await deployment.token(**refreshing(client, tokens))).json()["error"] == "invalid_grant"
    last = deployment.records(GrantChanged)[-1]
    assert (last.action, last.by) == ("reused", "code")


@pytest.mark.parametrize("passed_s", [61, 100_000])
async def test_a_code_is_good_for_a_minute(deployment: Deployment, passed_s: int) -> None:
    """After that it is refused."""
    client = (await deployment.register())["client_id"]
    said = await deployment.consent(client)
    deployment.clock.offset_s = passed_s
    assert (await deployment.exchange(client, said["code"])).json()["error"] == "invalid_grant"


async def test_a_code_ends_with_the_session_that_it_was_given_in(deployment: Deployment) -> None:
    """Whoever signs out in the browser meanwhile did not mean it."""
    client, session = (await deployment.register())["client_id"], deployment.session()
    said = await deployment.consent(client, session)
    await deployment.desk.sign_out(session)
    assert (await deployment.exchange(client, said["code"])).json()["error"] == "invalid_grant"


async def test_refresh_tokens_rotate(deployment: Deployment) -> None:
    """Each is good once, the new access token beside the old, and the grant lasts as long as it is used."""
    client, tokens = await deployment.signed_in()
    deployment.clock.offset_s = 29 * 86_400
    again = (await deployment.token(**refreshing(client, tokens, resource=RESOURCE))).json()
    assert again["refresh_token"] != tokens["refresh_token"] and deployment.knows(again["access_token"]) == ANN
    deployment.clock.offset_s = 58 * 86_400
    last = (await deployment.token(**refreshing(client, again))).json()
    deployment.clock.offset_s = 89 * 86_400
    assert (await deployment.token(**refreshing(client, last))).json()["error"] == "invalid_grant"


async def test_a_refresh_token_that_comes_twice_ends_the_whole_grant(deployment: Deployment) -> None:
    """Somebody else has it too, so neither keeps anything; it is on the record, and the person signs in again."""
    client, tokens = await deployment.signed_in()
    newer = (await deployment.token(**refreshing(client, tokens))).json()
    assert (await deployment.token(**refreshing(client, tokens))).json()["error"] == "invalid_grant"
    assert deployment.knows(newer["access_token"]) == "revoked" and deployment.knows(tokens["access_token"]) == "revoked"
    assert (await deployment.token(**refreshing(client, newer))).json()["error"] == "invalid_grant"
    reused = [record for record in deployment.records(GrantChanged) if record.action == "reused"]
    assert [(record.by, record.client) for record in reused] == [("refresh", client)]


@pytest.mark.parametrize(
    ("more", "error"), [({"scope": "mcp:crm"}, "invalid_scope"), ({"resource": f"{MCP}/mcp/git"}, "invalid_target"), ({"refresh_token": "gw_ort_x"}, "invalid_grant")]
)  # fmt: skip
async def test_a_refresh_never_widens(deployment: Deployment, more: dict[str, str], error: str) -> None:
    """Scope and resource stay within the grant, and a refusal does not use the token up."""
    client, tokens = (
        await deployment.signed_in(resource=f"{RESOURCE}/crm", scope="mcp:crm") if "resource" in more else await deployment.signed_in()
    )
    assert (await deployment.token(**refreshing(client, tokens) | more)).json()["error"] == error
    assert (await deployment.token(**refreshing(client, tokens))).status_code == 200


@pytest.mark.parametrize("deactivate", [True, False])
async def test_a_cut_off_ends_it(deployment: Deployment, deactivate: bool) -> None:
    """Access and refresh tokens, and codes that were not used yet; to be active again revives nothing."""
    client, tokens = await deployment.signed_in()
    unused = await deployment.consent(client)
    deployment.cut(deactivate=deactivate)
    assert deployment.knows(tokens["access_token"]) in ("revoked", "inactive")
    for _ in range(2):
        assert (await deployment.token(**refreshing(client, tokens))).json()["error"] == "invalid_grant"
        assert (await deployment.exchange(client, unused["code"])).json()["error"] == "invalid_grant"
        with deployment.store.write() as connection:
            connection.exec_driver_sql("UPDATE people SET active = 1")
    assert deployment.knows(tokens["access_token"]) == "revoked"


async def test_whoever_is_inactive_meanwhile_gets_nothing(deployment: Deployment) -> None:
    """Also where only the person's row says so."""
    client, tokens = await deployment.signed_in()
    with deployment.store.write() as connection:
        connection.exec_driver_sql("UPDATE people SET active = 0")
    assert (await deployment.token(**refreshing(client, tokens))).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_a_client_ends_its_grant(deployment: Deployment, which: str) -> None:
    """RFC 7009, also for public clients; by either token, which ends both, on the record; a second time says 200 too."""
    client, tokens = await deployment.signed_in()
    for _ in range(2):
        response = await deployment.http.post("/oauth/revoke", data={"client_id": client, "token": tokens[which]})
        assert response.status_code == 200
    assert deployment.knows(tokens["access_token"]) == "revoked"
    assert (await deployment.token(**refreshing(client, tokens))).json()["error"] == "invalid_grant"
    assert [record.by for record in deployment.records(GrantChanged) if record.action == "revoked"] == ["client"]


async def test_nobody_ends_the_grant_of_another_client(deployment: Deployment) -> None:
    """200, as for a token that is unknown, and nothing happens; an unknown client is told so."""
    _, tokens = await deployment.signed_in()
    other = (await deployment.register())["client_id"]
    for token in (tokens["access_token"], "made-up"):
        assert (await deployment.http.post("/oauth/revoke", data={"client_id": other, "token": token})).status_code == 200
    assert deployment.knows(tokens["access_token"]) == ANN
    assert (await deployment.http.post("/oauth/revoke", data={"client_id": "gwc_x", "token": "x"})).status_code == 401
    assert (await deployment.http.post("/oauth/revoke", data={"client_id": other})).status_code == 400


async def test_lives_are_those_of_the_document(deployment: Deployment) -> None:
    """AiClients says how long tokens last, from the next one on."""
    await deployment.apply("kind: AiClients\nname: default\nspec:\n  access_minutes: 60\n  refresh_days: 1\n")
    client, tokens = await deployment.signed_in()
    assert tokens["expires_in"] == 3600
    deployment.clock.offset_s = 86_401
    assert (await deployment.token(**refreshing(client, tokens))).json()["error"] == "invalid_grant"


async def test_tokens_that_expired_are_dropped(deployment: Deployment) -> None:
    """An hour later, when the next is made, so that state does not grow; grants stay as history."""
    client, tokens = await deployment.signed_in()
    for hour in range(1, 4):
        deployment.clock.offset_s = hour * 7200
        tokens = (await deployment.token(**refreshing(client, tokens))).json()
    with deployment.store.read() as connection:
        assert len(read_tokens(connection)) == 1 and len(grants.grants_of(connection)) == 1
