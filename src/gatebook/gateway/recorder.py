"""Writes what the gateway does into the book: the only place that makes records of requests and messages."""

import contextlib
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from gatebook.gateway import wire
from gatebook.gateway.context import Context, trace_of
from gatebook.gateway.upstream.stdio import Child
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.receipt import Receipt
from gatebook.record.body import (
    AuthFailed,
    CallFinished,
    CallRefused,
    CallStarted,
    ConnectorProcess,
    ConnectorTools,
    MessageRelayed,
    ToolListed,
)
from gatebook.record.body_credentials import CredentialChanged
from gatebook.record.parts import Actor, Client, Credential, Decision, Finding, Outcome, PartName, Round, Source, Timing, Trace
from gatebook.state.credentials import Row
from gatebook.state.definitions import Known

REFUSED_BODY_BYTES_MAX = 64 * 1024
_TEXT_MAX = 1024
_SYSTEM = Actor(subject="-", kind="system", auth="none")
_Parts = Sequence[tuple[PartName, bytes]]


class Asked(Struct, kw_only=True):
    """What is asked in a request, as far as it could be read."""

    method: str = ""
    trace: Trace | None = None
    connector: str | None = None
    tool: str | None = None
    tool_hash: str | None = None
    request_id: bytes | None = None
    params: bytes | None = None
    credential: Credential | None = None
    server: str | None = None
    decision: Decision | None = None
    round: Round | None = None
    findings: tuple[Finding, ...] = ()


class Recorder:
    """Turns what happens into records. Each method returns the receipt; whoever must wait awaits `durable()`."""

    def __init__(self, book: Book, parts_bytes_max: int) -> None:
        self.book = book
        self._parts_bytes_max = parts_bytes_max

    def started(self, context: Context, asked: Asked, id: str | None = None) -> Receipt:
        """A request is about to be dispatched. `id`: that of the record, where it had to be known before."""
        body = CallStarted(
            method=asked.method[:_TEXT_MAX],
            endpoint=context.endpoint,
            actor=context.actor,
            client=context.client,
            source=context.source,
            trace=asked.trace or trace_of(None, context.headers),
            decision=asked.decision,
            connector=asked.connector,
            tool=_cut(asked.tool),
            tool_hash=asked.tool_hash,
            protocol=context.protocol,
            request_id=_text(asked.request_id),
            session=context.session,
            credential=asked.credential,
            server=asked.server,
            round=asked.round,
            findings=asked.findings,
        )
        return self.book.append(body, parts=_request_parts(context, asked.params), subject=context.principal.subject, id=id)

    def refused(self, context: Context, asked: Asked, outcome: Outcome, timing: Timing, answer: "Answer", id: str | None = None) -> Receipt:
        """The gateway answered a request with an error of its own. `id`: that of the record, where the answer names it."""
        body = CallRefused(
            method=asked.method[:_TEXT_MAX],
            endpoint=context.endpoint,
            actor=context.actor,
            client=context.client,
            source=context.source,
            trace=asked.trace or trace_of(None, context.headers),
            decision=asked.decision,
            connector=asked.connector,
            tool=_cut(asked.tool),
            protocol=context.protocol,
            request_id=_text(asked.request_id),
            session=context.session,
            http_method=context.http_method,
            tool_hash=asked.tool_hash,
            findings=asked.findings,
            outcome=outcome,
            timing=timing,
        )
        # Somebody has to read all arguments of a call that waits before it can be approved.
        waits = asked.decision is not None and asked.decision.effect == "pending"
        params = asked.params if asked.params is None or waits else asked.params[:REFUSED_BODY_BYTES_MAX]
        parts = _request_parts(context, params)
        if answer.response is not None:
            parts = (*parts, ("response", answer.response))
        return self.book.append(body, parts=parts, subject=context.principal.subject, id=id)

    def finished(self, context: Context, started: Receipt, outcome: Outcome, timing: Timing, answer: "Answer") -> Receipt:
        """A request that was dispatched has its outcome."""
        parts: list[tuple[PartName, bytes]] = []
        dropped = None
        if answer.response is not None:
            if len(answer.response) <= self._parts_bytes_max:
                parts.append(("response", answer.response))
            else:
                dropped = "too_large"
        body = CallFinished(
            call=started.id,
            started_seq=started.seq,
            outcome=outcome,
            timing=timing,
            messages=answer.messages,
            extra_answers=answer.extra_answers,
            response_dropped=dropped,
            decision=answer.decision,
            findings=answer.findings,
        )
        return self.book.append(body, parts=parts, subject=context.principal.subject)

    def relayed(self, context: Context, message: wire.Message, move: "Move") -> Receipt:
        """A message passed that is neither a client's request nor its final answer."""
        body = MessageRelayed(
            direction="to_client" if move.to_client else "to_connector",
            kind=message.kind,
            actor=context.actor,
            method=message.method[:_TEXT_MAX] or None,
            connector=move.connector,
            session=context.session,
            call=move.call,
            request_id=_text(message.id),
            relayed=move.relayed,
            findings=move.findings,
        )
        return self.book.append(body, parts=[("message", message.raw[: self._parts_bytes_max])], subject=context.principal.subject)

    def auth_failed(self, reason: str, endpoint: str, actor: Actor, source: Source, client: Client) -> Receipt:
        """A request came without a valid token."""
        return self.book.append(AuthFailed(reason=reason, endpoint=endpoint[:_TEXT_MAX], actor=actor, source=source, client=client))  # type: ignore[arg-type]

    def credential_changed(self, row: Row, action: Any, owner: str, detail: str) -> Receipt:
        """A credential was renewed by a worker, or is worth nothing any more."""
        body = CredentialChanged(
            action=action,
            actor=_SYSTEM,
            credential=row.id,
            connector=row.connector,
            kind=row.kind,
            owner=owner,
            scopes=row.scopes,
            version=row.version,
            detail=detail or None,
        )
        return self.book.append(body)

    def tools_listed(self, connector: str, new: Sequence[Known], gone: Sequence[str]) -> None:
        """A connector lists tools that were not known, or no longer lists some. Raises LogUnavailable."""
        told = tuple(ToolListed(tool=known.tool[:_TEXT_MAX], hash=known.hash, state=known.state) for known in new)
        text = ("[" + ",".join(known.definition for known in new) + "]").encode()
        body = ConnectorTools(connector=connector, new=told, gone=tuple(name[:_TEXT_MAX] for name in gone))
        self.book.append(body, parts=[("message", text[: self._parts_bytes_max])])

    def child_started(self, connector: str, child: Child, owner: str | None, reason: str) -> None:
        """A stdio child has started."""
        with contextlib.suppress(LogUnavailable):
            self.book.append(ConnectorProcess(connector=connector, action="started", pid=child.pid, reason=reason, owner=owner))

    def child_ended(self, connector: str, child: Child, owner: str | None) -> None:
        """A stdio child has ended."""
        body = ConnectorProcess(
            connector=connector,
            action="ended",
            pid=child.pid,
            reason=child.end_reason,
            owner=owner,
            exit_code=child.exit_code,
            memory_bytes_max=child.memory_bytes_max or None,
        )
        with contextlib.suppress(LogUnavailable):
            self.book.append(body)


class Answer(Struct):
    """What came back for a request."""

    response: bytes | None = None
    messages: int = 0
    extra_answers: int = 0
    findings: tuple[Finding, ...] = ()
    decision: Decision | None = None


class Move(Struct, frozen=True, kw_only=True):
    """Where a message went."""

    to_client: bool
    connector: str | None
    call: str | None = None
    relayed: bool = True
    findings: tuple[Finding, ...] = ()


def _request_parts(context: Context, params: bytes | None) -> _Parts:
    identity: tuple[PartName, bytes] = ("identity", context.principal.identity)
    return (identity,) if params is None else (identity, ("arguments", params))


def _text(id_text: bytes | None) -> str | None:
    return None if id_text is None else id_text[:_TEXT_MAX].decode("utf-8", "replace")


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:_TEXT_MAX]
