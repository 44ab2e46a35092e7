"""The client under test of the suite's client scenarios: Gatebook itself, as it speaks to a connector, with a person who has no hands.

    python -m conformance.upstream_client URL        run by the suite, once a scenario; the gateway is running already

The server of the scenario becomes a connector of the running gateway, by `gatebook apply`. An AI client then lists and calls its tools through the gateway.
When the gateway says that an account has to be connected, the person opens the address that it names, in the console: presses the button, follows the
link, is sent back by the authorization server. Everything but the person is the product. Exit code 1: the call could not be made.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import yaml

from conformance.servers import gatebook

PLACE = "GATEBOOK_CONFORMANCE"
_ROUNDS_MAX = 3
_LINK = re.compile(r'<a class="button primary" rel="noreferrer" href="([^"]+)"')
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}},
    "io.modelcontextprotocol/clientInfo": {"name": "conformance", "version": "1"},
}


class Stuck(Exception):
    """It goes no further; the text says where."""


class Person:
    """Somebody signed in to the console, whose browser is this program. `outside` is the address that the world knows the console by."""

    def __init__(self, http: aiohttp.ClientSession, console: str, outside: str, session: str) -> None:
        self._http = http
        self._console = console
        self._outside = outside
        name = "__Host-gatebook" if outside.startswith("https:") else "gatebook"
        self._headers = {"cookie": f"{name}={session}", "origin": outside, "host": urlsplit(outside).netloc}

    async def connect(self, url: str) -> None:
        """Open the page that the gateway named, and go through with it. Raises Stuck."""
        page = await self._own("GET", url)
        token = _CSRF.search(page)
        if token is None:
            raise Stuck("the page has no form")
        page = await self._own("POST", url, {"csrf": token[1]})
        link = _LINK.search(page)
        if link is None:
            raise Stuck(_text(page))
        async with self._http.get(link[1].replace("&amp;", "&"), allow_redirects=False) as answer:
            back = answer.headers.get("location", "")
        if not back.startswith(self._outside):
            raise Stuck(f"the authorization server leads to {back[:100]}")
        page = await self._own("GET", back)
        if "is connected" not in page:
            raise Stuck(_text(page))

    async def _own(self, method: str, url: str, form: dict[str, str] | None = None) -> str:
        """Ask the console, following it as a browser does."""
        here = self._console + url.removeprefix(self._outside)
        async with self._http.request(method, here, data=form, headers=self._headers, allow_redirects=False) as answer:
            if answer.status == 303:
                return await self._own("GET", answer.headers["location"])
            return await answer.text()


class Caller:
    """An AI client of the gateway."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str, person: Person) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._person = person

    async def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Send a request; while the gateway asks for it, and not for ever, connect and repeat. Raises Stuck."""
        for _ in range(_ROUNDS_MAX):
            message = await self._send(method, params)
            url = _to_connect(message)
            if url is None:
                break
            await self._person.connect(url)
        if "error" in message or message["result"].get("isError"):
            raise Stuck(json.dumps(message)[:1000])
        return message["result"]

    async def _send(self, method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": _META}}
        headers = {
            "authorization": f"Bearer {self._token}",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2026-07-28",
            "mcp-method": method,
            **({"mcp-name": params["name"]} if "name" in params else {}),
        }
        async with self._http.post(self._url, json=body, headers=headers) as answer:
            raw = await answer.text()
        lines = [line[5:] for line in raw.splitlines() if line.startswith("data:")]
        return json.loads(lines[-1] if lines else raw)


def _to_connect(message: Any) -> str | None:
    """The address that the gateway wants shown."""
    asked = (message.get("result") or {}).get("inputRequests", {}).get("connect")
    return None if asked is None else str(asked["params"]["url"])


def _text(page: str) -> str:
    main = page.partition("<main")[2] or page
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))[:500]


def _connector(name: str, url: str, context: dict[str, Any], folder: Path) -> str:
    """The connector of a scenario as YAML; what was registered beforehand is in its context."""
    credential: dict[str, Any] = {"kind": "person"}
    if "client_id" in context:
        secret = folder / f"{name}.secret"
        secret.write_text(context["client_secret"])
        credential |= {"client_id": context["client_id"], "client_secret": f"file:{secret}", "issuer": context["issuer"]}
    spec = {"transport": "http", "url": url, "allow": {"groups": ["everyone"]}, "credential": credential}
    return yaml.safe_dump({"kind": "Connector", "name": name, "spec": spec})


async def run(url: str, place: dict[str, str], scenario: str, context: dict[str, Any]) -> None:
    """Play one scenario. Raises Stuck."""
    name = re.sub(r"[^a-z0-9]+", "-", scenario.removeprefix("auth/"))[:24] + f"-{os.getpid() % 10_000}"
    folder = Path(place["data"])
    file = folder / f"{name}.yaml"
    file.write_text(_connector(name, url, context, folder))
    await gatebook(folder, "apply", "-f", str(file))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        person = Person(http, place["console"], place["outside"], place["session"])
        caller = Caller(http, f"{place['mcp']}/mcp/{name}", place["token"], person)
        await _known(caller, name)
        listed = await caller.ask("tools/list", {})
        await caller.ask("tools/call", {"name": listed["tools"][0]["name"], "arguments": {}})


async def _known(caller: Caller, name: str) -> None:
    """Wait until the worker has the connector."""
    for _ in range(100):
        message = await caller._send("tools/list", {})
        if "there is no connector" not in str(message.get("error", {}).get("message", "")):
            return
        await asyncio.sleep(0.05)
    raise Stuck(f"the gateway does not know {name}")


def main() -> int:
    """Play the scenario that the suite names; returns the exit code."""
    place = json.loads(os.environ[PLACE])
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    try:
        asyncio.run(run(sys.argv[-1], place, os.environ["MCP_CONFORMANCE_SCENARIO"], context))
    except Stuck as stuck:
        print(stuck, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
