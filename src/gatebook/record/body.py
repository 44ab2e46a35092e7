"""The record types. A record is a `Header` that the log writes, and one of these bodies.

Bodies are told apart by `type`. Adding a field is a minor change and needs a default; changing the meaning of one is not allowed.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatebook.record.base import Body
from gatebook.record.body_access import AccessSelfGranted, SignedIn, SignedOut, SignInFailed
from gatebook.record.body_clients import ClientChanged, GrantChanged
from gatebook.record.body_credentials import CredentialChanged
from gatebook.record.body_directory import AccessCutOff, AccessCutOffDone, DirectoryRequest
from gatebook.record.parts import (
    Actor,
    ApiRequest,
    Client,
    Credential,
    Decision,
    Finding,
    OpenCall,
    Outcome,
    Payload,
    Round,
    Source,
    Timing,
    Trace,
)


class _Request(Body, frozen=True, kw_only=True):
    """What is known of a request before it is dispatched."""

    method: Annotated[str, Meta(description="JSON-RPC method, such as tools/call; empty when the request could not be read that far.")]
    endpoint: Annotated[str, Meta(description="Path that was called: /mcp or /mcp/<connector>.")]
    actor: Annotated[Actor, Meta(description="Who asked.")]
    client: Annotated[Client, Meta(description="With which AI app.")]
    source: Annotated[Source, Meta(description="From where.")]
    trace: Annotated[Trace, Meta(description="Trace context.")]
    decision: Annotated[Decision | None, Meta(description="What governance decided; absent when the request failed before that.")] = None
    connector: Annotated[str | None, Meta(description="Connector that the request goes to; absent when the gateway answers itself.")] = None
    tool: Annotated[str | None, Meta(description="Tool, prompt name or resource URI that is asked for, as the connector names it.")] = None
    tool_hash: Annotated[
        str | None, Meta(description="SHA-256 over the canonical JSON of the tool definition that was last listed, hex.")
    ] = None
    protocol: Annotated[str | None, Meta(description="MCP protocol version that the client speaks.")] = None
    request_id: Annotated[str | None, Meta(description="JSON-RPC id as the client sent it, JSON text.")] = None
    session: Annotated[str | None, Meta(description="Session id of the gateway's own.")] = None
    credential: Annotated[Credential | None, Meta(description="Upstream credential that is used.")] = None
    round: Annotated[Round | None, Meta(description="Place in a logical call of several rounds; absent in a call of one.")] = None
    http_method: Annotated[str | None, Meta(description="HTTP method, when it was not POST.")] = None
    findings: Annotated[tuple[Finding, ...], Meta(description="What was found in the arguments.")] = ()
    payload: Annotated[Payload | None, Meta(description="Parts identity and arguments; of a refused request also the response.")] = None


class CallStarted(_Request, frozen=True, kw_only=True, tag="call.started"):
    """A request is about to be dispatched. Durable before the dispatch."""

    server: Annotated[str | None, Meta(description="Where the connector is: host and port, or `stdio:` and the program.")] = None


class CallRefused(_Request, frozen=True, kw_only=True, tag="call.refused"):
    """A request that was answered by the gateway alone with an error: blocked by policy, malformed, unknown or over a limit."""

    outcome: Annotated[Outcome, Meta(description="How it ended.")]
    timing: Annotated[Timing, Meta(description="Where the time went.")]


class CallFinished(Body, frozen=True, kw_only=True, tag="call.finished"):
    """The outcome of a call that was started. Durable before the reply is released."""

    call: Annotated[str, Meta(description="Id of the call.")]
    started_seq: Annotated[int, Meta(description="Sequence number of its call.started in the same stream.")]
    outcome: Annotated[Outcome, Meta(description="How it ended.")]
    timing: Annotated[Timing, Meta(description="Where the time went.")]
    decision: Annotated[Decision | None, Meta(description="What governance decided about the response, when that differs.")] = None
    messages: Annotated[int, Meta(description="Messages relayed within the call beside its request and its final answer.")] = 0
    extra_answers: Annotated[int, Meta(description="Further final answers that the upstream sent and that were dropped.")] = 0
    response_dropped: Annotated[
        str | None, Meta(description="Why the response is not in the payload: too_large or disk_full; absent when it is.")
    ] = None
    findings: Annotated[tuple[Finding, ...], Meta(description="What was found in the response.")] = ()
    api_requests: Annotated[tuple[ApiRequest, ...], Meta(description="Requests to APIs under the call, as far as they are known.")] = ()
    payload: Annotated[Payload | None, Meta(description="Part response.")] = None


class CallOutcomeUnknown(Body, frozen=True, kw_only=True, tag="call.outcome_unknown"):
    """The process ended between call.started and call.finished. Written once, at the next start."""

    call: Annotated[str, Meta(description="Id of the call.")]
    started_seq: Annotated[int, Meta(description="Sequence number of its call.started in the same stream.")]
    reason: Annotated[str, Meta(description="Why the outcome is not known.")]


class MessageRelayed(Body, frozen=True, kw_only=True, tag="message.relayed"):
    """A message that is neither a client's request nor its final answer: notification, server's request, client's response."""

    direction: Annotated[Literal["to_client", "to_connector"], Meta(description="to_client or to_connector.")]
    kind: Annotated[Literal["notification", "request", "response", "error", "other"], Meta(description="Kind of JSON-RPC message.")]
    actor: Annotated[Actor, Meta(description="The person whose client takes part.")]
    method: Annotated[str | None, Meta(description="JSON-RPC method; absent on responses.")] = None
    connector: Annotated[str | None, Meta(description="Connector that takes part.")] = None
    session: Annotated[str | None, Meta(description="Session id of the gateway's own.")] = None
    call: Annotated[str | None, Meta(description="Id of the call that the message belongs to, where it belongs to one.")] = None
    request_id: Annotated[str | None, Meta(description="JSON-RPC id of the message, JSON text.")] = None
    relayed: Annotated[bool, Meta(description="False when the gateway did not pass it on.")] = True
    findings: Annotated[tuple[Finding, ...], Meta(description="What was found in it.")] = ()
    payload: Annotated[Payload | None, Meta(description="Part message.")] = None


class AuthFailed(Body, frozen=True, kw_only=True, tag="auth.failed"):
    """A request without a valid access token, refused with 401; or with one that is not good for reading the book, refused with 403."""

    reason: Annotated[
        Literal["missing", "malformed", "unknown", "expired", "revoked", "inactive", "audience", "scope", "signature", "issuer", "keys"],
        Meta(
            description="Why the token was refused. The last three are about tokens of an identity provider; keys: its keys could not be read."
        ),
    ]
    endpoint: Annotated[str, Meta(description="Path that was called.")]
    actor: Annotated[Actor, Meta(description="The token's owner where it is known, else anonymous.")]
    source: Annotated[Source, Meta(description="From where.")]
    client: Annotated[Client, Meta(description="With which AI app.")]


class TokenChanged(Body, frozen=True, kw_only=True, tag="token.changed"):
    """An access token was created or revoked."""

    action: Annotated[Literal["created", "revoked"], Meta(description="created or revoked.")]
    token: Annotated[str, Meta(description="Id of the token.")]
    owner: Annotated[str, Meta(description="Subject that the token belongs to.")]
    actor: Annotated[Actor, Meta(description="Who changed it.")]
    kind: Annotated[
        Literal["personal", "service", "oauth"],
        Meta(description="personal: of a person; service: of a service account; oauth: of an AI client."),
    ] = "personal"
    scopes: Annotated[tuple[str, ...], Meta(description="What it is good for; absent: all that its owner may do.")] = ()
    expires: Annotated[int | None, Meta(description="When it expires, microseconds since 1970; absent when it does not.")] = None
    reason: Annotated[str | None, Meta(description="Why it was revoked, or why it does not expire, in the words of whoever did it.")] = None
    payload: Annotated[Payload | None, Meta(description="Part identity of the owner.")] = None


class ConfigChanged(Body, frozen=True, kw_only=True, tag="config.changed"):
    """A resource was created, changed or deleted."""

    kind: Annotated[str, Meta(description="Kind of the resource, such as Connector.")]
    name: Annotated[str, Meta(description="Name of the resource.")]
    action: Annotated[Literal["created", "changed", "deleted"], Meta(description="created, changed or deleted.")]
    version: Annotated[int, Meta(description="Version of the resource after the change.")]
    revision: Annotated[int, Meta(description="Revision of the whole configuration after the change.")]
    actor: Annotated[Actor, Meta(description="Who changed it.")]
    reason: Annotated[str | None, Meta(description="The reason that the author gave.")] = None
    proposal: Annotated[str | None, Meta(description="Id of the proposal that it was, where it waited for a second person.")] = None
    proposer: Annotated[Actor | None, Meta(description="Who proposed it, where it waited; `actor` is then who approved it.")] = None
    alone: Annotated[
        bool, Meta(description="True where it should have waited for a second person, and the local administrator did without.")
    ] = False
    payload: Annotated[Payload | None, Meta(description="Part diff: a unified diff of the YAML.")] = None


class LogRead(Body, frozen=True, kw_only=True, tag="log.read"):
    """Somebody read the book. Durable before the rows are shown."""

    action: Annotated[
        Literal["search", "show", "tail", "verify", "export", "download", "preview"],
        Meta(
            description="search, show, tail, verify, export (begun, before a row is written), download (of an export's file) or preview (what a role "
            "or person would see, by an administrator)."
        ),
    ]
    actor: Annotated[Actor, Meta(description="Who read.")]
    query: Annotated[str, Meta(description="The query, or the id of the call that was shown.")]
    payloads: Annotated[bool, Meta(description="True when arguments or responses were shown.")]
    rows: Annotated[int | None, Meta(description="Rows that were shown, where known before they are shown.")] = None
    form: Annotated[str | None, Meta(description="Form of an export: csv, ndjson, parquet or ocsf.")] = None
    export: Annotated[str | None, Meta(description="Id of the export, which ties its downloads to it.")] = None
    sha256: Annotated[str | None, Meta(description="SHA-256 of the file that was downloaded, hex.")] = None
    roles: Annotated[tuple[str, ...], Meta(description="Roles that the reader read with; `host` is the root of the machine.")] = ()
    groups: Annotated[tuple[str, ...], Meta(description="Groups of fields that those roles showed.")] = ()
    reason: Annotated[str | None, Meta(description="Reason that the reader gave, where one was.")] = None
    subjects: Annotated[
        tuple[str, ...], Meta(description="Pseudonyms of others whose calls were shown one by one, at most 200; numbers alone name nobody.")
    ] = ()
    source: Annotated[Source | None, Meta(description="From where; absent for the command line on the host.")] = None


class ProcessStarted(Body, frozen=True, kw_only=True, tag="process.started"):
    """A worker or keeper has opened its stream."""

    role: Annotated[Literal["worker", "keeper"], Meta(description="worker or keeper.")]
    pid: Annotated[int, Meta(description="Process id.")]
    boot: Annotated[str, Meta(description="Id of this run of the process.")]
    version: Annotated[str, Meta(description="Version of Gatebook.")]
    config: Annotated[str, Meta(description="Hash of the configuration in force, hex, 16 characters.")]


class ProcessStopped(Body, frozen=True, kw_only=True, tag="process.stopped"):
    """A worker or keeper has stopped in good order."""

    role: Annotated[Literal["worker", "keeper"], Meta(description="worker or keeper.")]
    boot: Annotated[str, Meta(description="Id of this run of the process.")]
    reason: Annotated[str, Meta(description="Why it stopped, such as SIGTERM.")]


class ConnectorProcess(Body, frozen=True, kw_only=True, tag="connector.process"):
    """A stdio connector's child process started or ended."""

    connector: Annotated[str, Meta(description="Name of the connector.")]
    action: Annotated[Literal["started", "ended"], Meta(description="started or ended.")]
    pid: Annotated[int, Meta(description="Process id of the child.")]
    reason: Annotated[
        str, Meta(description="Why: demand, restart, idle, crashed, evicted, memory, changed, cut_off, stopped or start_failed.")
    ]
    owner: Annotated[str | None, Meta(description="Subject that the child serves; absent when it is shared.")] = None
    exit_code: Annotated[int | None, Meta(description="Exit code; negative is the number of the signal.")] = None
    memory_bytes_max: Annotated[int | None, Meta(description="Largest resident memory that was seen, of the child and its children.")] = (
        None
    )


class ToolListed(Struct, frozen=True, kw_only=True):
    """A definition of a tool that was not known before."""

    tool: Annotated[str, Meta(description="Name of the tool.")]
    hash: Annotated[str, Meta(description="SHA-256 over the canonical JSON of the definition, hex.")]
    state: Annotated[Literal["pending", "approved", "refused"], Meta(description="pending: it waits for a decision; approved.")]


class ConnectorTools(Body, frozen=True, kw_only=True, tag="connector.tools"):
    """A connector listed other tools, or other definitions of them, than before."""

    connector: Annotated[str, Meta(description="Name of the connector.")]
    new: Annotated[tuple[ToolListed, ...], Meta(description="Definitions that were not known before.")] = ()
    gone: Annotated[tuple[str, ...], Meta(description="Tools that are no longer listed.")] = ()
    payload: Annotated[Payload | None, Meta(description="Part message: the new definitions, a JSON array.")] = None


class SegmentOpened(Body, frozen=True, kw_only=True, tag="log.segment_opened"):
    """First record of every segment but the first: what recovery needs to know without the segments before."""

    segment: Annotated[int, Meta(description="Sequence number that the segment begins with.")]
    open: Annotated[tuple[OpenCall, ...], Meta(description="Calls in flight.")] = ()


class TailCut(Body, frozen=True, kw_only=True, tag="log.tail_cut"):
    """At opening, an unfinished write was cut from the end of the stream; nothing in it had been acknowledged."""

    at_seq: Annotated[int, Meta(description="First sequence number that was free again.")]
    offset: Annotated[int, Meta(description="Offset of the cut in its segment file.")]
    size: Annotated[int, Meta(description="Bytes that were cut; a copy is kept beside the segment.")]


class ClockStepped(Body, frozen=True, kw_only=True, tag="clock.stepped"):
    """The wall clock jumped against the monotonic clock. Order is by seq, so nothing is out of order."""

    step_us: Annotated[int, Meta(description="Size of the jump in microseconds; negative when set back.")]


class LogUnavailable(Body, frozen=True, kw_only=True, tag="log.unavailable"):
    """The log could not be written for a while; written when it can be again."""

    since: Annotated[int, Meta(description="When writing first failed, microseconds since 1970.")]
    refused: Annotated[int, Meta(description="Requests that were refused meanwhile.")]
    reason: Annotated[str, Meta(description="What failed, such as disk_full.")]
    let_through: Annotated[
        int, Meta(description="Calls that went through unrecorded because their connector says `on_log_failure: allow`.")
    ] = 0


AnyBody = (
    CallStarted
    | CallRefused
    | CallFinished
    | CallOutcomeUnknown
    | MessageRelayed
    | AuthFailed
    | SignedIn
    | SignInFailed
    | SignedOut
    | CredentialChanged
    | TokenChanged
    | ClientChanged
    | GrantChanged
    | AccessSelfGranted
    | ConfigChanged
    | AccessCutOff
    | AccessCutOffDone
    | LogRead
    | ProcessStarted
    | ProcessStopped
    | ConnectorProcess
    | ConnectorTools
    | SegmentOpened
    | TailCut
    | ClockStepped
    | LogUnavailable
    | DirectoryRequest
)
