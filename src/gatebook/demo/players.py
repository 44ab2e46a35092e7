"""The people at work: each drives a real MCP client through the gateway. What is counted here is what the book must hold."""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.context import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitRequestParams, ElicitResult, Implementation

from gatebook.demo.cast import Player
from gatebook.demo.stage import Stage

for _name in ("httpx2", "mcp"):  # a line for each request would bury what the demo says
    logging.getLogger(_name).setLevel(logging.ERROR)
Deed = Callable[["Crew"], Awaitable[None]]
_WORDS = ("Northfield", "Optics", "Hansen", "Coffee", "Redhill", "Okoye", "Software", "Larkspur")
_CALL_S = 60.0


class Crew:
    """One player with an open client. `calls` counts each tools/call that goes out, further rounds of a call included."""

    def __init__(self, player: Player, stage: Stage, url: str, token: str, seed: int) -> None:
        self.player = player
        self.stage = stage
        self.chance = random.Random(seed)
        self.calls = 0
        self.outcomes: Counter[str] = Counter()
        self._url = url
        self._token = token
        self._stack = contextlib.AsyncExitStack()
        self._client: Client | None = None

    async def __aenter__(self) -> "Crew":
        http = httpx2.AsyncClient(
            headers={"authorization": f"Bearer {self._token}"}, timeout=httpx2.Timeout(30), event_hooks={"request": [self._count]}
        )
        await self._stack.enter_async_context(http)
        client = Client(
            streamable_http_client(self._url, http_client=http),
            client_info=Implementation(name=self.player.client, version=self.player.version),
            mode=self.player.mode,
            elicitation_callback=self._agree,
            cache=None,
        )
        self._client = await self._stack.enter_async_context(client)
        return self

    async def __aexit__(self, *error: object) -> None:
        with contextlib.suppress(Exception):
            await self._stack.aclose()

    async def _count(self, request: httpx2.Request) -> None:
        # At the wire, because the SDK sends some calls in several rounds and a cancelled one is a call too.
        if request.method == "POST" and b'"tools/call"' in request.content:
            self.calls += 1

    async def _agree(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="accept", content={"confirm": True})

    @property
    def client(self) -> Client:
        """The open client."""
        assert self._client is not None
        return self._client

    async def call(self, tool: str, **arguments: Any) -> None:
        """Call a tool and note how it ended, as the client sees it."""
        try:
            async with asyncio.timeout(_CALL_S):
                result = await self.client.call_tool(tool, arguments)
            self.outcomes["tool error" if result.is_error else "ok"] += 1
        except MCPError:
            self.outcomes["protocol error"] += 1
        except TimeoutError:
            self.outcomes["given up"] += 1

    async def give_up(self, tool: str, after_s: float, **arguments: Any) -> None:
        """Call a tool and stop waiting."""
        with contextlib.suppress(TimeoutError, MCPError):
            async with asyncio.timeout(after_s):
                await self.client.call_tool(tool, arguments)
        self.outcomes["given up"] += 1

    async def act(self) -> None:
        """Do something that this person would do."""
        connector = self.chance.choice([name for name in self.player.connectors if self._can(name)])
        await self.chance.choice(DEEDS[connector])(self)

    def _can(self, connector: str) -> bool:
        return not any(connector in text.split(":")[0] for text in self.stage.missing)


async def _search(crew: Crew) -> None:
    await crew.call("crm__search_customers", query=crew.chance.choice(_WORDS), limit=crew.chance.choice((3, 5, 10)))


async def _customer(crew: Crew) -> None:
    await crew.call("crm__get_customer", id=crew.chance.randrange(1, 260))


async def _deals(crew: Crew) -> None:
    await crew.call("crm__list_deals", stage=crew.chance.choice(("lead", "proposal", "won", "lost", "stuck")))


async def _note(crew: Crew) -> None:
    await crew.call(
        "crm__add_note", id=crew.chance.randrange(1, 240), note="called, will decide in " + crew.chance.choice(("March", "May"))
    )


async def _promise(crew: Crew) -> None:
    await crew.call("crm__add_note", id=crew.chance.randrange(1, 240), note="promised a discount of 30 %")


async def _careless(crew: Crew) -> None:
    """What people paste: a key of the cloud, and a card."""
    key = "AKIA" + "".join(crew.chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ234567", k=16))
    await crew.call("crm__add_note", id=17, note=f"they sent us their key {key}, keep it")
    await crew.call("crm__add_note", id=18, note="pays with 4539 1488 0343 6467 from now on")


async def _export(crew: Crew) -> None:
    await crew.call("crm__export_customers", city=crew.chance.choice(("Northfield", "Redhill", "Larkspur")))


async def _delete(crew: Crew) -> None:
    await crew.call("crm__delete_customer", id=crew.chance.randrange(1, 240))


async def _now(crew: Crew) -> None:
    await crew.call("time__get_current_time", timezone=crew.chance.choice(("Europe/London", "Asia/Tokyo", "America/Lima")))


async def _convert(crew: Crew) -> None:
    await crew.call("time__convert_time", source_timezone="Europe/London", time="15:30", target_timezone="Asia/Tokyo")


async def _log(crew: Crew) -> None:
    await crew.call("git__git_log", repo_path=str(crew.stage.repository), max_count=3)


async def _show(crew: Crew) -> None:
    await crew.call("git__git_show", repo_path=str(crew.stage.repository), revision=crew.chance.choice(("HEAD", "HEAD~1", "v9.9")))


async def _fetch(crew: Crew) -> None:
    page = crew.stage.page if crew.chance.random() < 0.8 else crew.stage.page.replace("status", "missing")
    await crew.call("fetch__fetch", url=page)


async def _list(crew: Crew) -> None:
    await crew.call("files__list_directory", path=str(crew.stage.files))


async def _read(crew: Crew) -> None:
    await crew.call("files__read_text_file", path=crew.chance.choice((str(crew.stage.files / "minutes.txt"), "/etc/hostname")))


async def _remember(crew: Crew) -> None:
    entity = {"name": crew.chance.choice(_WORDS), "entityType": "customer", "observations": ["pays within thirty days"]}
    await crew.call("memory__create_entities", entities=[entity])


async def _recall(crew: Crew) -> None:
    await crew.call("memory__search_nodes", query=crew.chance.choice(_WORDS))


async def _echo(crew: Crew) -> None:
    await crew.call("everything__echo", message="is this thing on?")


async def _invoice(crew: Crew) -> None:
    await crew.call("billing__list_invoices", month="2026-10")


async def _unknown(crew: Crew) -> None:
    await crew.call("crm__drop_everything")
    await crew.call("wiki__search_pages", query="holiday rules")


async def _tickets(crew: Crew) -> None:
    await crew.call("tickets__my_tickets", state=crew.chance.choice(("", "open")))


DEEDS: dict[str, tuple[Deed, ...]] = {
    "crm": (_search, _search, _customer, _customer, _deals, _note, _export, _delete),
    "time": (_now, _convert),
    "git": (_log, _show),
    "fetch": (_fetch,),
    "files": (_list, _read),
    "memory": (_remember, _recall),
    "everything": (_echo,),
    "billing": (_invoice,),
    "tickets": (_tickets,),
}


async def special(crew: Crew) -> None:
    """What must be in every demo once: calls that are slow, given up, ask back, are not there, are denied, or lead to a connector that is down."""
    if "crm" not in crew.player.connectors or not {"sales", "finance", "support"} & set(crew.player.groups):
        return
    await crew.call("crm__merge_customers", first=1, second=2)
    await crew.give_up("crm__yearly_report", 0.4, year=2025)
    await crew.call("crm__yearly_report", year=2026)
    await _unknown(crew)
    await _delete(crew)
    await _promise(crew)
    await _careless(crew)
    await crew.call("crm__get_customer", id=17)
    for _ in range(6):
        await _export(crew)
    if "billing" in crew.player.connectors:
        await _invoice(crew)


async def after_the_change(crew: Crew) -> None:
    """The CRM describes a tool otherwise than when it was approved: it is listed no more, and whoever knows it from before cannot call it."""
    await crew.client.list_tools()
    await crew.call("crm__merge_customers", first=3, second=4)


async def slow(crew: Crew) -> None:
    """A call that is still running when its worker is killed."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(5):
            await crew.client.call_tool("crm__yearly_report", {"year": 1999})
