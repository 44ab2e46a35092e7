"""The endpoints for programs, over HTTP."""

import pytest

from gatebook.record.body_clients import GrantChanged
from tests.identity.oauth.deployment import CALLBACK, ISSUER, Deployment


async def test_the_metadata_is_plain(deployment: Deployment) -> None:
    """Addresses as the settings hold them, S256 only, none and private_key_jwt among the ways, iss and documents announced (RFC 8414, RFC 9207)."""
    response = await deployment.http.get("/.well-known/oauth-authorization-server")
    found = response.json()
    assert response.headers["content-type"] == "application/json" and response.headers["cache-control"] == "no-store"
    assert (found["issuer"], found["authorization_endpoint"]) == (ISSUER, f"{ISSUER}/oauth/authorize")
    assert found["code_challenge_methods_supported"] == ["S256"] and found["response_types_supported"] == ["code"]
    assert {"none", "private_key_jwt", "client_secret_post", "client_secret_basic"} == set(found["token_endpoint_auth_methods_supported"])
    assert found["authorization_response_iss_parameter_supported"] and found["client_id_metadata_document_supported"]
    assert "offline_access" not in found["scopes_supported"]
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    ("body", "kind", "query", "status"),
    [
        (b"grant_type=refresh_token&grant_type=x&client_id=a", "application/x-www-form-urlencoded", "", 400),
        (b'{"grant_type": "refresh_token"}', "application/json", "", 400),
        (b"x" * 70_000, "application/x-www-form-urlencoded", "", 413),
        (b"\xff=\xff", "application/x-www-form-urlencoded", "", 400),
        (b"&".join(b"a%d=1" % number for number in range(40)), "application/x-www-form-urlencoded", "", 400),
        (b"client_id=a", "application/x-www-form-urlencoded", "?refresh_token=gw_ort_secret", 400),
    ],
)
async def test_a_request_that_could_be_read_in_two_ways_is_refused(
    deployment: Deployment, body: bytes, kind: str, query: str, status: int
) -> None:
    """A repeated parameter, another type, too much, no UTF-8; and a token in an address, which would stand in logs on the way."""
    response = await deployment.http.post(f"/oauth/token{query}", content=body, headers={"content-type": kind})
    assert (response.status_code, response.json()["error"]) == (status, "invalid_request")
    assert "gw_ort_secret" not in response.text


async def test_what_cannot_be_recorded_is_not_done(deployment: Deployment) -> None:
    """503 with a sentence, nothing half-done: the code is still good when the log can be written again."""
    client = (await deployment.register())["client_id"]
    said = await deployment.consent(client)
    deployment.book.close()
    for response in (
        await deployment.exchange(client, said["code"]),
        await deployment.http.post("/oauth/register", json={"redirect_uris": [CALLBACK]}),
    ):
        assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")
    deployment.reopen()
    assert (await deployment.exchange(client, said["code"])).status_code == 200
    assert [record.action for record in deployment.records(GrantChanged)] == ["created", "issued"]


async def test_no_secret_is_kept_or_logged(deployment: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    """Neither codes, tokens nor secrets of clients stand in any file or in the output."""
    made = await deployment.register(token_endpoint_auth_method="client_secret_post")
    said = await deployment.consent(made["client_id"])
    tokens = (await deployment.exchange(made["client_id"], said["code"], client_secret=made["client_secret"])).json()
    await deployment.exchange(made["client_id"], said["code"], client_secret=made["client_secret"])
    secrets = (made["client_secret"], said["code"], tokens["access_token"], tokens["refresh_token"])
    kept = deployment.everything_kept()
    assert not [secret for secret in secrets if secret.encode() in kept or secret in caplog.text]
