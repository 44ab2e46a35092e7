"""A contractor's last day: signs in, lets an app work, connects an account, holds a stream and a call, and is cut off by the directory in between."""

import asyncio
import contextlib
import time

import httpx2

from gatebook.demo import players
from gatebook.demo.browser import LOOPBACK, App, Browser
from gatebook.demo.cast import LEAVER
from gatebook.demo.company import CompanyDirectory
from gatebook.demo.host import Host
from gatebook.demo.players import Crew
from gatebook.demo.stage import Stage

_READY_S = 60.0
_UNDER_WAY_S = 0.7
_COMPLETE_S = 30.0
_PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def last_day(host: Host, directory: CompanyDirectory, stage: Stage) -> Crew:
    """Play it. Returns the crew, whose calls are in the book. Raises RuntimeError when the person is let in afterwards, or the receipt stays incomplete."""
    await host.token(LEAVER.email, "ticket macros", "mcp")
    async with Browser(host.console_url, LEAVER) as browser:
        await browser.connect("tickets")
        token = await browser.allow(await App.registered(host.console_url, "Cursor", LOOPBACK), host.mcp_url)
        crew = Crew(LEAVER, stage, host.mcp_url, token, seed=999)
        under_way = asyncio.Event()
        held = asyncio.create_task(_work(crew, under_way))
        await asyncio.wait_for(under_way.wait(), _READY_S)
        await asyncio.sleep(_UNDER_WAY_S)
        await directory.deactivate(LEAVER.email)
        if await _status(host.mcp_url, token) != 401:
            raise RuntimeError(f"{LEAVER.name} was let in after the cut-off")
        await asyncio.wait({held}, timeout=10)
    await _until_complete(host)
    return crew


async def _work(crew: Crew, under_way: asyncio.Event) -> None:
    """A few calls, then one that is still under way when the person is cut off, beside the stream that the client holds."""
    # The client loses its connection in the end, which is the point.
    with contextlib.suppress(Exception):
        async with crew:
            for _ in range(4):
                await crew.act()
            await crew.call("tickets__my_tickets")
            under_way.set()
            await players.slow(crew)
    under_way.set()


async def _status(mcp_url: str, token: str) -> int:
    """How a request on a new connection is answered."""
    headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(headers=headers) as http:
        return (await http.post(mcp_url, json=_PING)).status_code


async def _until_complete(host: Host) -> None:
    """Wait for the receipt."""
    ends_s = time.monotonic() + _COMPLETE_S
    while (await host.get("/cut-offs", person=LEAVER.email))["cut_offs"][0]["done_us"] is None:
        if time.monotonic() > ends_s:
            raise RuntimeError(f"the receipt of {LEAVER.name} is not complete after {_COMPLETE_S:.0f} s")
        await asyncio.sleep(0.2)
