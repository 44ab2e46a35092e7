"""The keeper's unix socket, served and asked for real."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from gatebook.control import server, unix_socket
from gatebook.control.client import KeeperAbsent, KeeperClient, KeeperRefused
from gatebook.control.desk import Desk
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.processes.listeners import Listener
from gatebook.settings import Settings

Ask = Callable[[Callable[[KeeperClient], Any]], Any]


async def whoami(request: Request) -> JSONResponse:
    """A stand-in for the API that tells who asks."""
    return JSONResponse({"person": request.scope[server.CALLER_KEY].person})


async def lines(_request: Request) -> StreamingResponse:
    """Two lines of an answer that could go on."""
    return StreamingResponse(iter([b"one\n", b"two\n"]))


@pytest.fixture
async def client(settings: Settings, desk: Desk, vault: Vault) -> AsyncIterator[KeeperClient]:
    """A client of a running control server."""
    api = Starlette(routes=[Route("/whoami", whoami), Route("/lines", lines)])
    app = server.create_app(desk, vault.subject, lambda: {"healthy": True}, api)
    listener = Listener(app, unix_socket.listen(settings.keeper_socket), 1.0)
    serving = asyncio.create_task(listener.run_until_stopped())
    await listener.accepting.wait()
    yield KeeperClient(settings.keeper_socket, "ana", timeout_s=5.0)
    listener.stop()
    await serving


async def test_operations_status_and_api_answer_the_local_caller(client: KeeperClient) -> None:
    """The account that the client names is who the record and the API see."""
    issued = await asyncio.to_thread(client.post, "/control/token_create", {"person": "bob"})
    assert issued["person"]["id"] == "bob"
    assert await asyncio.to_thread(client.get, "/status") == {"healthy": True}
    assert await asyncio.to_thread(client.get, "/api/whoami") == {"person": "os:ana"}
    assert await asyncio.to_thread(lambda: list(client.lines("/api/lines"))) == [b"one", b"two"]


async def test_mistakes_come_back_as_sentences(client: KeeperClient, book: Book) -> None:
    """Wrong parameters, wrong state, an unknown operation and a dead book have each their status and text."""
    expected = [
        ("/control/delete", {"kind": "Connector", "name": "x"}, 400, "there is no Connector x"),
        ("/control/delete", {"kind": 5}, 400, "Expected `str`"),
        ("/control/fly", {}, 404, "does not know 'fly'"),
    ]
    for path, body, status, text in expected:
        with pytest.raises(KeeperRefused, match=text) as caught:
            await asyncio.to_thread(client.post, path, body)
        assert caught.value.status == status
    book.close()
    with pytest.raises(KeeperRefused, match="nothing was changed") as caught:
        await asyncio.to_thread(client.post, "/control/bootstrap", {"person": "admin"})
    assert caught.value.status == 503


async def test_a_request_without_end_is_cut_off(client: KeeperClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a request is limited before it is read whole."""
    monkeypatch.setattr(server, "BODY_BYTES_MAX", 1000)
    with pytest.raises(KeeperRefused) as caught:
        await asyncio.to_thread(client.post, "/control/apply", {"texts": [{"source": "x", "text": "x" * 5000}]})
    assert caught.value.status == 413


async def test_without_a_keeper_the_client_says_so(settings: Settings) -> None:
    """The command line then works by itself."""
    with pytest.raises(KeeperAbsent):
        KeeperClient(settings.keeper_socket, "ana").get("/status")
