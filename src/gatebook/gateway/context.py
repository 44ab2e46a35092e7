"""What is known of one HTTP request before its message is looked at."""

import os
import time

from msgspec import Struct

from gatebook.identity.directory import Principal
from gatebook.record.parts import Actor, Client, Source, Trace

_USER_AGENT_MAX = 256


class Context(Struct, kw_only=True):
    """One HTTP request from an AI client. Times are of the monotonic clock, nanoseconds."""

    endpoint: str
    connector: str | None
    headers: dict[bytes, bytes]
    source: Source
    received_ns: int
    modern: bool
    principal: Principal
    actor: Actor
    client: Client
    protocol: str | None = None
    session: str | None = None
    http_method: str | None = None


def user_agent_of(headers: dict[bytes, bytes]) -> str | None:
    """Return the User-Agent, cut to what the record keeps."""
    value = headers.get(b"user-agent")
    return None if value is None else value[:_USER_AGENT_MAX].decode("latin-1")


def source_of(peer: tuple[str, int] | None) -> Source:
    """Return the peer of the connection; a unix socket has none."""
    return Source(ip="unix", port=0) if peer is None else Source(ip=peer[0], port=peer[1])


def trace_of(meta_traceparent: str | None, headers: dict[bytes, bytes]) -> Trace:
    """Return the trace context of `_meta` (SEP-414), else of the header, else a new one (W3C Trace Context, level 1)."""
    for text in (meta_traceparent, headers.get(b"traceparent", b"").decode("latin-1")):
        parts = (text or "").split("-")
        if (
            len(parts) >= 4
            and len(parts[1]) == 32
            and len(parts[2]) == 16
            and _hex(parts[1] + parts[2])
            and parts[1].strip("0")
            and parts[2].strip("0")
        ):
            return Trace(id=parts[1], parent=parts[2])
    fresh = os.urandom(24).hex()
    return Trace(id=fresh[:32], parent=fresh[32:], made=True)


def _hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)


def now_ns() -> int:
    """Monotonic time in nanoseconds."""
    return time.monotonic_ns()
