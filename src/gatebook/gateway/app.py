"""The MCP listener: HTTP in, checks in a fixed order, then the message goes to where its kind belongs. Pure ASGI, no framework.

Order: path, Host and Origin, token, its scopes, HTTP method, size, JSON, session. Each refusal is on the record before it is sent.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from gatebook.gateway import headers as rules
from gatebook.gateway import looking, protected, scoping, stream, traffic, wire
from gatebook.gateway import outcome as judge
from gatebook.gateway.call import serve
from gatebook.gateway.context import Context, now_ns, source_of, user_agent_of
from gatebook.gateway.gate import Gate, unavailable
from gatebook.gateway.live import Live
from gatebook.gateway.neighbours import Neighbours, of_peer
from gatebook.gateway.recorder import Answer, Asked
from gatebook.gateway.refusal import Refusal
from gatebook.gateway.refusing import refuse
from gatebook.gateway.reply import BatchReply, Reply, Send
from gatebook.gateway.sessions import Session
from gatebook.gateway.watch import Watch
from gatebook.identity.directory import Principal
from gatebook.identity.directory import Refusal as Unknown
from gatebook.log.errors import LogUnavailable
from gatebook.record.parts import Client
from gatebook.state.store import StateError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_PREFIX = "/mcp"
_BATCH_MAX = 50
_LOOK_FLOOR_S = 0.05
_NAME_CHARS_MAX = 100  # longer than any connector's name, so that a cut one is still unknown
_PROVIDER_WORDS = {
    "signature": "access token with a wrong signature",
    "issuer": "access token of an issuer that is not accepted here",
    "keys": "access token of an identity provider whose keys cannot be read now",
}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_NOBODY = Principal(person="", subject="-", email="", name="", groups=(), kind="person", auth="token", identity=b"{}")


class GatewayApp:
    """The ASGI application of a worker."""

    def __init__(self, gate: Gate, neighbours: Neighbours | None = None) -> None:
        self._gate = gate
        self._neighbours = neighbours
        mcp = gate.settings.mcp
        public = urlsplit(gate.settings.mcp_url)
        self._hosts = {public.netloc.lower(), *(host.lower() for host in mcp.allowed_hosts)}
        self._origins = {f"{public.scheme}://{public.netloc}".lower(), *(origin.lower() for origin in mcp.allowed_origins)}
        self._base = gate.settings.mcp_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        received_ns = now_ns()
        path: str = scope["path"]
        reply = Reply(send)
        if path == _PREFIX or path.startswith(_PREFIX + "/"):
            if self._neighbours is None or not await self._elsewhere(self._neighbours, scope, receive, send):
                await self._mcp(scope, receive, reply, received_ns)
        elif path == "/healthz":
            healthy = self._gate.recorder.book.healthy
            await reply.json(200 if healthy is None else 503, wire.encode({"status": healthy or "ok"}))
        elif (document := self._metadata(path)) is not None:
            await reply.json(200, wire.encode(document))
        else:
            await reply.json(404, wire.encode({"error": "not found; MCP is at /mcp and /mcp/<connector>"}))

    async def _elsewhere(self, neighbours: Neighbours, scope: Scope, receive: Receive, send: Send) -> bool:
        """Pass a request on to the worker that owns its session; it does all checks and writes all records."""
        owner = neighbours.owner_of(next((value for name, value in scope["headers"] if name == b"mcp-session-id"), None))
        if owner is None:
            return False
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event.get("body", b"")
            if len(body) > self._gate.settings.limits.body_bytes_max or not event.get("more_body", False):
                break
        if len(body) > self._gate.settings.limits.body_bytes_max or not await neighbours.relay(owner, scope, body, receive, send):
            # Nobody else can have the session: answered here as any unknown one, with its record.
            await self._mcp(scope, replayed(body, receive), Reply(send), now_ns())
        return True

    async def of_neighbour(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that another worker of this node passed on, or the keeper's question, over the socket that only they can open."""
        if scope["type"] == "http" and scope["path"] == looking.PATH and self._gate.look is not None:
            await looking.answer(self._gate, receive, Reply(send))
            return
        await self(of_peer(scope) if scope["type"] == "http" else scope, receive, send)

    def _metadata(self, path: str) -> dict[str, Any] | None:
        rest = path.removeprefix(protected.WELL_KNOWN)
        return None if rest == path else protected.metadata(self._base, self._gate.settings.console_url, rest)

    async def _mcp(self, scope: Scope, receive: Receive, reply: Reply, received_ns: int) -> None:
        fault: rules.HeaderError | None = None
        try:
            headers = rules.read(scope["headers"])
        except rules.HeaderError as error:
            headers, fault = dict(scope["headers"]), error
        leaked = scoping.holds_token(scope)
        if leaked:
            scope = scoping.without_token(scope)
        context = self._context(scope, headers, received_ns)
        if (banned := self._banned(headers)) is not None:
            await self._refuse(context, reply, Refusal(wire.INVALID_REQUEST, banned[1], status=banned[0], error_class="permission"))
            return
        if (apart := self._gate.out_of_touch()) is not None:
            await self._refuse(context, reply, unavailable(apart))
            return
        if leaked:
            await self._refuse(context, reply, scoping.token_in_address())
            return
        if not await self._identify(context, reply):
            return
        if context.principal.scopes and (missing := scoping.missing(context.principal, context.connector, self._base)) is not None:
            await self._refuse(context, reply, missing)
            return
        if fault is not None:
            await self._refuse(context, reply, Refusal(fault.code, str(fault), status=400))
            return
        method = scope["method"]
        if method == "POST":
            await self._post(context, receive, reply)
        elif method in ("GET", "DELETE") and not context.modern:
            await self._of_session(method, context, receive, reply)
        else:
            allowed = b"POST" if context.modern else b"GET, POST, DELETE"
            context.http_method = method[:16]
            await self._note(
                context,
                Refusal(wire.INVALID_REQUEST, f"HTTP method {method[:16]} is not served here", status=405, error_class="unsupported"),
            )
            await reply.empty(405, [(b"allow", allowed)])

    def _context(self, scope: Scope, headers: dict[bytes, bytes], received_ns: int) -> Context:
        path: str = scope["path"]
        name = path[len(_PREFIX) + 1 :] if path != _PREFIX else ""
        version = headers.get(b"mcp-protocol-version")
        return Context(
            endpoint=path[:200],
            connector=name[:_NAME_CHARS_MAX] or None,
            headers=headers,
            source=source_of(scope.get("client")),
            received_ns=received_ns,
            modern=rules.is_modern(headers),
            principal=_NOBODY,
            actor=_NOBODY.actor,
            client=Client(user_agent=user_agent_of(headers)),
            protocol="2025-03-26" if version is None else version[:32].decode("latin-1"),
        )

    def _banned(self, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        """Check Host and Origin: a web page must not reach the gateway through a name that it controls (DNS rebinding)."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if host not in self._hosts and name not in self._hosts and name not in _LOOPBACK:
            return 421, "the Host header names another host; see mcp.allowed_hosts"
        origin = headers.get(b"origin")
        if origin is None:
            return None
        text = origin.decode("latin-1").lower()
        try:
            loopback = urlsplit(text).hostname in ("localhost", "127.0.0.1", "::1")
        except ValueError:
            loopback = False
        if text not in self._origins and not (loopback and name in _LOOPBACK):
            return 403, "the Origin header names a page that may not use this gateway; see mcp.allowed_origins"
        return None

    async def _identify(self, context: Context, reply: Reply) -> bool:
        gate = self._gate
        assert gate.directory is not None
        authorization = context.headers.get(b"authorization")
        header = None if authorization is None else authorization.decode("latin-1")
        resource = self._base + context.endpoint
        known = gate.directory.authenticate(header, time.time_ns() // 1000, resource)
        if isinstance(known, Unknown) and known.reason == "unknown" and gate.look is not None:
            # It may have been issued a moment ago. Forged ones share a look as well, so they cost state no more than its own polls.
            try:
                await gate.look(_LOOK_FLOOR_S)
            except StateError as error:
                await self._refuse(context, reply, unavailable(f"An access token cannot be checked just now: {error}"))
                return False
            known = gate.directory.authenticate(header, time.time_ns() // 1000, resource)
        if isinstance(known, Unknown) and header is not None and gate.machines.looks_like(header, gate.directory.snapshot):
            known = await gate.machines.identify(header, gate.directory.snapshot, resource, time.time())
        if not isinstance(known, Unknown):
            context.principal = known
            context.actor = known.actor
            return True
        try:
            await gate.recorder.auth_failed(known.reason, context.endpoint, known.actor, context.source, context.client).durable()
        except LogUnavailable:
            pass  # refused either way; the book notes that it could not be written
        challenge = protected.challenge(self._base, context.endpoint, None if known.reason == "missing" else "invalid_token")
        text = f"access token {known.reason}" if known.reason not in _PROVIDER_WORDS else _PROVIDER_WORDS[known.reason]
        await reply.json(401, wire.error(None, wire.INVALID_REQUEST, text), [(b"www-authenticate", challenge)])
        return False

    async def _post(self, context: Context, receive: Receive, reply: Reply) -> None:
        body = b""
        try:
            kind = context.headers.get(b"content-type", b"").split(b";")[0].strip().lower()
            if kind != b"application/json":
                raise Refusal(wire.INVALID_REQUEST, "Content-Type must be application/json", status=415, error_class="invalid_input")
            body = await self._body(context, receive)
            self._gate.check_still(context.principal)
            if wire.is_batch(body):
                await self._batch(context, body, receive, reply)
                return
            message = wire.parse(body, self._gate.settings.limits.depth_max)
            session = self._session(context, message)
            await self._take(context, message, receive, reply, session)
        except wire.WireError as error:
            await self._refuse(context, reply, Refusal(error.code, str(error), status=400), body)
        except Refusal as refusal:
            await self._refuse(context, reply, refusal, body)

    async def _body(self, context: Context, receive: Receive) -> bytes:
        limit = self._gate.settings.limits.body_bytes_max
        parts: list[bytes] = []
        size = 0
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Refusal(
                    wire.INVALID_REQUEST, "the client went away before its request was complete", status=400, error_class="cancelled"
                )
            parts.append(event.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise Refusal(wire.INVALID_REQUEST, f"the body is larger than {limit} bytes", status=413, error_class="too_large")
            if not event.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    def _session(self, context: Context, message: wire.Message) -> Session | None:
        """Return the session that a request of the handshake era names. Raises Refusal 404 for one that is not this person's."""
        if context.modern:
            return None
        id_text = context.headers.get(b"mcp-session-id")
        if id_text is None or message.method == "initialize":
            if message.method != "initialize":
                context.session = self._gate.sessions.stateless(
                    (context.principal.person, context.client.user_agent or "", context.endpoint)
                )
            return None
        session = self._gate.sessions.find(id_text.decode("latin-1"), context.principal, context.connector)
        if session is None:
            raise Refusal(wire.INVALID_REQUEST, "there is no such session; initialize again", status=404, error_class="not_found")
        context.session, context.protocol = session.id, session.protocol
        context.client = Client(name=session.client.name, version=session.client.version, user_agent=context.client.user_agent)
        return session

    async def _take(self, context: Context, message: wire.Message, receive: Receive, reply: Reply, session: Session | None) -> None:
        if message.kind == "request":
            watch = Watch(receive)
            try:
                await serve(self._gate, context, message, reply, session, watch)
            finally:
                watch.stop()
            return
        status = await traffic.take(self._gate, context, message, session)
        await reply.empty(status)

    async def _batch(self, context: Context, body: bytes, receive: Receive, reply: Reply) -> None:
        """JSON-RPC batches exist in MCP 2025-03-26 only."""
        if context.modern or context.headers.get(b"mcp-protocol-version", b"2025-03-26") != b"2025-03-26":
            raise Refusal(wire.INVALID_REQUEST, "batches are not part of this protocol version; send one message", status=400)
        messages = wire.parse_batch(body, self._gate.settings.limits.depth_max, _BATCH_MAX)
        if any(message.method == "initialize" for message in messages):
            raise Refusal(wire.INVALID_REQUEST, "initialize must not be part of a batch", status=400)
        session = self._session(context, messages[0])
        replies = [BatchReply() for _ in messages]
        heard = _shared(receive)
        work = (self._take_one(context, message, heard, own, session) for message, own in zip(messages, replies, strict=True))
        await asyncio.gather(*work)
        answers = [own.body for message, own in zip(messages, replies, strict=True) if message.kind == "request" and own.body is not None]
        if answers:
            await reply.json(200, b"[" + b",".join(answers) + b"]")
        else:
            await reply.empty(202)

    async def _take_one(self, context: Context, message: wire.Message, receive: Receive, reply: Reply, session: Session | None) -> None:
        """Take one message of a batch: what is wrong with it does not touch the others."""
        try:
            await self._take(context, message, receive, reply, session)
        except Refusal as refusal:
            await self._refuse(context, reply, refusal, message.raw)

    async def _of_session(self, method: str, context: Context, receive: Receive, reply: Reply) -> None:
        """GET opens the session's own stream, DELETE ends the session."""
        context.http_method = method
        try:
            if b"mcp-session-id" not in context.headers:
                raise Refusal(wire.INVALID_REQUEST, "the header Mcp-Session-Id is missing", status=400, error_class="invalid_input")
            session = self._session(context, wire.Message("notification", b""))
            assert session is not None
            if method == "DELETE":
                await traffic.end_session(self._gate, context, session)
                await reply.empty(200)
            else:
                await stream.serve(self._gate, context, session, receive, reply)
        except Refusal as refusal:
            await self._refuse(context, reply, refusal)

    async def _refuse(self, context: Context, reply: Reply, refusal: Refusal, body: bytes = b"") -> None:
        await refuse(self._gate, self._unread(context, body), reply, refusal)

    async def _note(self, context: Context, refusal: Refusal) -> None:
        outcome = judge.refused(refusal.code, str(refusal), refusal.error_class)
        live = self._unread(context, b"")
        try:
            await self._gate.recorder.refused(context, live.asked, outcome, live.timing(), Answer()).durable()
        except LogUnavailable:
            return

    def _unread(self, context: Context, body: bytes) -> Live:
        asked = Asked(connector=context.connector, params=body or None)
        return Live(context, wire.Message("request", body), asked, None)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body again, then whatever comes."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> MutableMapping[str, Any]:
        return pending.pop() if pending else await receive()

    return again


def _shared(receive: Receive) -> Receive:
    """Let all messages of a batch hear of the one event that is still to come: that the client has gone."""
    event: asyncio.Future[MutableMapping[str, Any]] | None = None

    async def hear() -> MutableMapping[str, Any]:
        nonlocal event
        event = event or asyncio.ensure_future(receive())
        return await asyncio.shield(event)

    return hear
