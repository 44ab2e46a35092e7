"""A transparent proxy that keeps a copy of every JSON-RPC message that passes, so that a run can be compared with the log.

python -m conformance.tap URL       prints the URL to use instead; on Ctrl-C the counts
"""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict

Direction = Literal["to_connector", "to_client"]
# Hop-by-hop (RFC 9110 section 7.6.1), or set anew by the HTTP client from the body.
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})


@dataclass(frozen=True)
class Message:
    """A message as it passed. `json` is None when the bytes are no JSON."""

    direction: Direction
    raw: bytes
    json: Any

    @property
    def kind(self) -> str:
        """request, notification, response, error or other."""
        if not isinstance(self.json, dict):
            return "other"
        if "method" in self.json:
            return "request" if "id" in self.json else "notification"
        return "error" if "error" in self.json else "response" if "result" in self.json else "other"


class SseReader:
    """Cuts a stream of server-sent events into the data of its events, as it comes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that are complete now."""
        *events, self._rest = (self._rest + chunk).replace(b"\r\n", b"\n").split(b"\n\n")
        return [data for event in events if (data := self._data(event))]

    def _data(self, event: bytes) -> bytes:
        lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
        return b"\n".join(lines)


class Tap:
    """The proxy. `url` is where it listens, `messages` what passed, in order."""

    def __init__(self, target: str) -> None:
        self.messages: list[Message] = []
        self.url = ""
        self._target = urlsplit(target)
        self._port = 0

    async def __aenter__(self) -> "Tap":
        self._session = ClientSession(
            connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None), cookie_jar=DummyCookieJar(), auto_decompress=False
        )
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}{self._target.path}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if body:
            self._keep("to_connector", body)
        url = f"{self._target.scheme}://{self._target.netloc}{request.raw_path}"
        headers = self._headers(request.headers)
        try:
            async with self._session.request(request.method, url, headers=headers, data=body or None, allow_redirects=False) as answer:
                return await self._relay(request, answer)
        except ClientError as error:
            return web.Response(status=502, text=f"tap: {error}")

    async def _relay(self, request: web.BaseRequest, answer: Any) -> web.StreamResponse:
        is_sse = answer.content_type == "text/event-stream"
        headers = CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in _HOP)
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
        await response.prepare(request)
        reader, whole = SseReader(), b""
        async for chunk in answer.content.iter_any():
            # Counted before it is passed on: what the client saw is then never more than what was counted.
            if is_sse:
                for data in reader.feed(chunk):
                    self._keep("to_client", data)
            else:
                whole += chunk
            await response.write(chunk)
        # What a GET or DELETE is answered with is no message of the protocol unless it says so.
        if whole and (request.method == "POST" or b'"jsonrpc"' in whole):
            self._keep("to_client", whole)
        await response.write_eof()
        return response

    def _headers(self, headers: Any) -> CIMultiDict[str]:
        """Pass all on; where they name the tap's own port, name the target's, as the client would without the tap."""
        own, real = f":{self._port}", f":{self._target.port}"
        passed: CIMultiDict[str] = CIMultiDict()
        for name, value in headers.items():
            if name.lower() in ("host", "origin"):
                value = value.removesuffix(own) + real if value.endswith(own) else value
            if name.lower() not in _HOP:
                passed.add(name, value)
        return passed

    def _keep(self, direction: Direction, raw: bytes) -> None:
        try:
            parsed = json.loads(raw)
        except ValueError:
            parsed = None
        for item in parsed if isinstance(parsed, list) and parsed else [parsed]:
            self.messages.append(Message(direction, raw, item))

    def counts(self) -> Counter[tuple[Direction, str]]:
        """Count the messages by direction and kind."""
        return Counter((message.direction, message.kind) for message in self.messages)


async def _serve(target: str) -> None:
    async with Tap(target) as tap:
        print(tap.url, flush=True)
        try:
            await asyncio.Event().wait()
        finally:
            for (direction, kind), number in sorted(tap.counts().items()):
                print(f"{direction} {kind}: {number}", file=sys.stderr)


if __name__ == "__main__":
    try:
        asyncio.run(_serve(sys.argv[1]))
    except KeyboardInterrupt:
        pass
