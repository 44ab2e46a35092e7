"""The whole product with two workers: a provider is in force within a second, and its signal is answered when no worker lets anybody in."""

import asyncio
import json
import secrets
import time
from contextlib import closing
from pathlib import Path

import httpx2
import msgspec
import pytest

from conformance import servers
from gatebook.identity import accounts
from gatebook.settings import load
from gatebook.state.store import Store, bump
from tests.identity.oidc.forge import Forge, forging
from tests.identity.oidc.test_signals import logout_token

PEOPLE = ("ana", "bob", "eva")
ASKS = 12
_LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
_ACCEPT = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}


async def status(url: str, token: str) -> int:
    """The status of a request on a connection of its own, so that both workers get some."""
    async with httpx2.AsyncClient() as client:
        return (await client.post(url, json=_LIST, headers={**_ACCEPT, "authorization": f"Bearer {token}"})).status_code


async def hire(data: Path) -> dict[str, str]:
    """Enter the people with a token each, as a directory does: the externalId is `s-` and the id."""
    tokens = {}
    for id in PEOPLE:
        made = await servers.gatebook(data, "token", "create", id, "--json")
        tokens[id] = str(json.loads(made[made.index("{") :])["token"])
    with closing(Store.open(load(data / "gatebook.toml", {}, data_dir=data).state_path)) as store, store.write() as connection:
        for id in PEOPLE:
            accounts.put_provisioned(connection, accounts.Wanted(id=id, email=f"{id}@corp.example"), f"s-{id}", 1)
        bump(connection)
    return tokens


def revocation(forge: Forge, console: str) -> dict[str, str]:
    """The header of Universal Logout."""
    now = int(time.time())
    claims = {"iss": forge.issuer, "aud": f"{console}/global-token-revocation", "iat": now, "exp": now + 300, "jti": secrets.token_hex(8)}
    return {"authorization": f"Bearer {forge.sign(claims, {'typ': 'global-token-revocation+jwt'})}"}


@pytest.mark.timeout(300)
async def test_nobody_is_let_in_after_the_answer_to_a_signal() -> None:
    """Universal Logout for one person, back-channel logout for another; the third works on. Fresh connections, at once."""
    async with forging() as forge, servers.gateway("http://127.0.0.1:9/mcp", "token", workers=2) as running, httpx2.AsyncClient() as client:
        tokens = await hire(running.data)
        spec = {"issuer": forge.issuer, "client_id": "gatebook", "title": "Corp"}
        (running.data / "idp.yaml").write_bytes(msgspec.yaml.encode({"kind": "IdentityProvider", "name": "corp", "spec": spec}))
        assert "Nobody can sign in here yet" in (await client.get(f"{running.console_url}/login")).text
        await servers.gatebook(running.data, "apply", "-f", str(running.data / "idp.yaml"))
        began_s = time.monotonic()
        while "Continue with" not in (await client.get(f"{running.console_url}/login")).text:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        assert time.monotonic() - began_s < 1
        assert set(await asyncio.gather(*(status(running.url, token) for token in tokens.values() for _ in range(ASKS)))) == {200}
        body = {"sub_id": {"format": "iss_sub", "iss": forge.issuer, "sub": "s-ana"}}
        told = await client.post(
            f"{running.console_url}/global-token-revocation", json=body, headers=revocation(forge, running.console_url)
        )
        after = await asyncio.gather(*(status(running.url, tokens["ana"]) for _ in range(ASKS)))
        assert (told.status_code, set(after)) == (204, {401})
        form = {"logout_token": logout_token(forge, sub="s-bob", iat=int(time.time()), exp=int(time.time()) + 100)}
        told = await client.post(f"{running.console_url}/oidc/backchannel-logout", data=form)
        after = await asyncio.gather(*(status(running.url, tokens["bob"]) for _ in range(ASKS)))
        assert (told.status_code, set(after)) == (200, {401})
        assert set(await asyncio.gather(*(status(running.url, tokens["eva"]) for _ in range(ASKS)))) == {200}
