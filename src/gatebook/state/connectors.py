"""The resource kind `Connector`: an MCP server that people may use through the gateway."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from gatebook.policy.access import AccessRules
from gatebook.state.connector_credentials import CredentialSpec, credential_faults
from gatebook.state.parts import Part
from gatebook.state.references import looks_secret

NAME = re.compile(r"^(?!.*__)[a-z0-9][a-z0-9-]{0,31}$")
_HEADER_NAME = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")
_VARIABLE_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")
# The gateway or the HTTP client sets these itself; a fixed value would break the protocol or the framing.
_OWN_HEADERS = frozenset(
    {"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive", "upgrade", "te"}
    | {"trailer", "accept", "accept-encoding", "origin", "traceparent", "tracestate"}
    | {"last-event-id", "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name"}
)


class Allow(Part, frozen=True, kw_only=True):
    """Who may use the connector; nobody by default."""

    people: Annotated[tuple[str, ...], Meta(description="Ids or e-mail addresses of people.")] = ()
    groups: Annotated[tuple[str, ...], Meta(description="Groups; `everyone` is all people.")] = ()


class ToolRules(Part, frozen=True, kw_only=True):
    """Which tools, by patterns of `*` and `?`. Deny wins."""

    allow: Annotated[tuple[str, ...], Meta(description="Tools that may be called.")] = ("*",)
    deny: Annotated[tuple[str, ...], Meta(description="Tools that may not be called.")] = ()


class ConnectorLimits(Part, frozen=True, kw_only=True):
    """Limits of this connector; what is absent is as in the deployment settings."""

    timeout_s: Annotated[Annotated[float, Meta(gt=0, le=86_400)] | None, Meta(description="Longest wait for a final answer.")] = None
    concurrency_max: Annotated[Annotated[int, Meta(ge=1, le=100_000)] | None, Meta(description="Calls in flight in one worker.")] = None
    response_bytes_max: Annotated[
        Annotated[int, Meta(ge=1024, le=1 << 30)] | None, Meta(description="Largest message from the connector.")
    ] = None
    children_max: Annotated[Annotated[int, Meta(ge=1, le=10_000)] | None, Meta(description="stdio: child processes in one worker.")] = None
    idle_stop_s: Annotated[
        Annotated[float, Meta(gt=0, le=604_800)] | None, Meta(description="stdio: an idle child is stopped after this time.")
    ] = None
    memory_bytes_max: Annotated[
        Annotated[int, Meta(ge=1 << 20)] | None, Meta(description="stdio: resident memory of one child and its own.")
    ] = None


class ConnectorSpec(Part, frozen=True, kw_only=True):
    """What a document of kind Connector says under `spec`."""

    transport: Annotated[Literal["http", "sse", "stdio"], Meta(description="Streamable HTTP, the older HTTP+SSE, or a child process.")]
    title: Annotated[str, Meta(description="Name for people.", max_length=200)] = ""
    url: Annotated[Annotated[str, Meta(max_length=2000)] | None, Meta(description="http, sse: address of the MCP endpoint.")] = None
    headers: Annotated[dict[str, str], Meta(description="http, sse: headers to send; secrets as `env:NAME` or `file:/path`.")] = {}
    credential: Annotated[
        CredentialSpec, Meta(description="http, sse: with which credential calls go on, where headers do not say it.")
    ] = CredentialSpec()
    command: Annotated[tuple[str, ...], Meta(description="stdio: program and arguments.")] = ()
    env: Annotated[dict[str, str], Meta(description="stdio: environment of the child; secrets as `env:NAME` or `file:/path`.")] = {}
    cwd: Annotated[str | None, Meta(description="stdio: working directory of the child.")] = None
    allow: Annotated[Allow, Meta(description="Who may use it.")] = Allow()
    tools: Annotated[ToolRules, Meta(description="Which tools may be called.")] = ToolRules()
    limits: Annotated[ConnectorLimits, Meta(description="Limits of its own.")] = ConnectorLimits()
    share: Annotated[Literal["person", "connector"], Meta(description="stdio: one child per person, or one for all.")] = "person"
    tool_approval: Annotated[
        Literal["first", "review", "none"],
        Meta(
            description="first: what it lists first counts as approved by whoever applied the connector, what changes later waits for a decision; "
            "review: everything waits; none: definitions are not looked at."
        ),
    ] = "first"
    on_log_failure: Annotated[Literal["refuse", "allow"], Meta(description="What happens to a call that cannot be recorded.")] = "refuse"


class Connector(Struct, frozen=True, kw_only=True):
    """One version of a connector; `author` applied it."""

    name: str
    version: int
    spec: ConnectorSpec
    author: str = ""

    @property
    def rules(self) -> AccessRules:
        """Its access part, as policy reads it."""
        spec = self.spec
        return AccessRules(
            connector=self.name,
            people=tuple(person.lower() for person in spec.allow.people),
            groups=spec.allow.groups,
            tools_allow=spec.tools.allow,
            tools_deny=spec.tools.deny,
        )


def faults(name: str, spec: ConnectorSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say. Texts hold no value of a header or variable."""
    if not NAME.match(name):
        yield "name", "must be 1 to 32 of a-z, 0-9 and -, must begin with a letter or digit, and must not hold two underscores"
    if spec.transport == "stdio":
        yield from _stdio_faults(spec)
    else:
        yield from _http_faults(spec)
    for path, text in credential_faults(spec.credential, spec.transport):
        yield f"spec.credential{path}", text
    if spec.credential.kind != "none" and _header_of(spec.credential) in {name.lower() for name in spec.headers}:
        yield "spec.headers", f"holds {_header_of(spec.credential)}, which spec.credential sets"
    if any(not part.strip() for part in (*spec.allow.people, *spec.allow.groups)):
        yield "spec.allow", "holds an empty name"
    if any(not part for part in (*spec.tools.allow, *spec.tools.deny)):
        yield "spec.tools", "holds an empty pattern"


def _header_of(credential: CredentialSpec) -> str:
    return credential.header.lower() if credential.kind == "secret" else "authorization"


def _http_faults(spec: ConnectorSpec) -> Iterator[tuple[str, str]]:
    for field in ("command", "env", "cwd"):
        if getattr(spec, field):
            yield f"spec.{field}", f"is only for transport stdio, not {spec.transport}"
    if spec.url is None:
        yield "spec.url", f"is required for transport {spec.transport}"
        return
    yield from _url_faults(spec.url)
    for name, value in spec.headers.items():
        if not _HEADER_NAME.match(name):
            yield "spec.headers", f"{name!r} is not the name of a header"
        elif name.lower() in _OWN_HEADERS:
            yield f"spec.headers.{name}", "is set by the gateway itself"
        else:
            yield from _value_faults(f"spec.headers.{name}", name, value)


def _url_faults(url: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port != 0
    except ValueError:
        yield "spec.url", "is not a valid address"
        return
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        yield "spec.url", "must be an http:// or https:// address with a host"
    if parts.username is not None:
        yield "spec.url", "must hold no user name or password; use spec.headers with env:NAME or file:/path"


def _stdio_faults(spec: ConnectorSpec) -> Iterator[tuple[str, str]]:
    for field in ("url", "headers"):
        if getattr(spec, field):
            yield f"spec.{field}", "is only for transport http or sse, not stdio"
    if not spec.command or not spec.command[0]:
        yield "spec.command", "is required for transport stdio: a list of the program and its arguments"
    if any("\0" in part for part in spec.command):
        yield "spec.command", "holds a zero byte"
    for name, value in spec.env.items():
        if not _VARIABLE_NAME.match(name):
            yield "spec.env", f"{name!r} is not the name of an environment variable"
        else:
            yield from _value_faults(f"spec.env.{name}", name, value)


def _value_faults(path: str, name: str, value: str) -> Iterator[tuple[str, str]]:
    if any(character in value for character in "\r\n\0"):
        yield path, "holds a line break or a zero byte"
    elif looks_secret(name, value):
        yield path, "looks like a secret; write env:NAME or file:/path, so that the secret itself is not stored"
