"""A browser without a screen: signs a person in at the identity provider, lets AI apps call tools for them, and connects accounts of theirs."""

import base64
import hashlib
import html
import re
import secrets
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import httpx2

from gatebook.demo.cast import Player
from gatebook.demo.identity import subject_of

_FIELD: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_ONWARD: Final = re.compile(r'rel="noreferrer" href="([^"]+)"')
LOOPBACK: Final = "http://127.0.0.1:33418/callback"
"""Where apps on somebody's own computer listen; nothing is sent there."""
CLAUDE: Final = "https://claude.ai/api/mcp/auth_callback"
"""Where a web app does, likewise."""
_USER_AGENT: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


class App:
    """An AI app that registered itself, as older ones do. `id` is what it is known by."""

    def __init__(self, console_url: str, id: str, redirect: str) -> None:
        self.id = id
        self._redirect = redirect
        self._console_url = console_url
        self._verifier = secrets.token_urlsafe(48)

    @classmethod
    async def registered(cls, console_url: str, name: str, redirect: str) -> Self:
        """Register it, with the address to which it wants people sent back."""
        body = {"client_name": name, "redirect_uris": [redirect], "token_endpoint_auth_method": "none"}
        async with httpx2.AsyncClient() as http:
            answer = (await http.post(f"{console_url}/oauth/register", json=body)).raise_for_status()
        return cls(console_url, answer.json()["client_id"], redirect)

    def question(self, mcp_url: str) -> dict[str, str]:
        """What it asks of a person's browser: the parameters of the authorization request."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self._verifier.encode()).digest()).rstrip(b"=").decode()
        return {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self._redirect,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": secrets.token_urlsafe(16),
            "resource": mcp_url,
        }

    async def redeem(self, address: str) -> str:
        """Take the code out of the address that the browser was sent to; returns an access token."""
        code = parse_qs(urlsplit(address).query)["code"][0]
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect, "client_id": self.id}
        async with httpx2.AsyncClient() as http:
            answer = await http.post(f"{self._console_url}/oauth/token", data=fields | {"code_verifier": self._verifier})
        return str(answer.raise_for_status().json()["access_token"])


class Browser:
    """One person's. Opening it signs them in."""

    def __init__(self, console_url: str, player: Player) -> None:
        self._player = player
        self._http = httpx2.AsyncClient(base_url=console_url, headers={"user-agent": _USER_AGENT}, timeout=30, follow_redirects=True)

    async def __aenter__(self) -> Self:
        form = await self._get("/login/harbour-pine?return_to=/connected-apps")
        arrived = await self._http.post(form.url, data={"sub": subject_of(self._player.email)})
        if urlsplit(str(arrived.url)).path != "/connected-apps":
            raise RuntimeError(f"{self._player.name} could not sign in: {arrived.status_code} at {arrived.url}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._http.aclose()

    async def allow(self, app: App, mcp_url: str) -> str:
        """Be asked by an app, and agree; returns the app's access token."""
        page = await self._get("/oauth/authorize", params=app.question(mcp_url))
        answer = await self._http.post("/oauth/consent", data=_fields(page) | {"do": "allow"}, follow_redirects=False)
        return await app.redeem(answer.headers["location"])

    async def connect(self, connector: str) -> None:
        """Connect an account of one's own, and come back."""
        page = await self._get(f"/connect/{connector}")
        question = (await self._http.post(f"/connect/{connector}", data=_fields(page))).raise_for_status()
        onward = _ONWARD.search(question.text)
        if onward is None:
            raise RuntimeError(f"the page of {connector} leads nowhere")
        await self._get(html.unescape(onward[1]))

    async def _get(self, address: str, **more: Any) -> httpx2.Response:
        return (await self._http.get(address, **more)).raise_for_status()


def _fields(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields of the forms of a page."""
    return {name: html.unescape(value) for name, value in _FIELD.findall(page.text)}
