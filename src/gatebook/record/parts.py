"""The pieces that records are made of; each is a group of fields that appears in more than one record type."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Status = Literal[
    "ok",
    "tool_error",
    "protocol_error",
    "upstream_error",
    "timeout",
    "cancelled",
    "blocked",
    "pending",
    "unknown",
]
ErrorClass = Literal[
    "auth",
    "permission",
    "not_found",
    "rate_limited",
    "invalid_input",
    "too_large",
    "unsupported",
    "upstream_down",
    "upstream_invalid",
    "timeout",
    "cancelled",
    "cut_off",
    "policy",
    "log_unavailable",
    "state_unavailable",
    "overloaded",
    "internal",
    "other",
]
Transport = Literal["ok", "not_sent", "refused", "timeout", "cancelled", "broken", "http_error"]
Effect = Literal["allowed", "blocked", "redacted", "pending"]
Severity = Literal["low", "medium", "high", "critical"]
PartName = Literal["identity", "arguments", "response", "message", "diff"]


class Part(Struct, frozen=True, kw_only=True):
    """One encrypted piece of payload, as the core record vouches for it."""

    part: Annotated[PartName, Meta(description="Which payload this is: identity, arguments, response, message or diff.")]
    size: Annotated[int, Meta(description="Length of the clear payload in bytes.")]
    commit: Annotated[
        str, Meta(description="HMAC-SHA256 of the clear payload under a 32-byte salt that is kept only inside the ciphertext, hex.")
    ]
    digest: Annotated[
        str, Meta(description="SHA-256 of the stored ciphertext (nonce, ciphertext, tag), hex; a flipped byte shows without a key.")
    ]


class Payload(Struct, frozen=True, kw_only=True):
    """What the record holds apart from its core: encrypted, droppable, erasable, never part of a proof."""

    key: Annotated[str, Meta(description="Id of the data key, `<subject>/<yyyymm>`: one per subject and month.")]
    parts: Annotated[tuple[Part, ...], Meta(description="The parts in the order in which they are stored.")]


class Actor(Struct, frozen=True, kw_only=True):
    """Who acted, by pseudonym. The name, e-mail address and groups are in the payload part `identity`."""

    subject: Annotated[str, Meta(description="Keyed pseudonym of the person or service account; `-` when nobody was identified.")]
    kind: Annotated[
        Literal["person", "service", "anonymous", "system"], Meta(description="What sort of actor: person, service, anonymous or system.")
    ]
    auth: Annotated[
        str, Meta(description="How the actor was authenticated: token, link, session, socket, directory, profile (auth off) or none.")
    ]
    token: Annotated[str | None, Meta(description="Id of the access token that was presented; never the token.")] = None


class Client(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The AI app, as it names itself."""

    name: Annotated[str | None, Meta(description="Client name from clientInfo.")] = None
    version: Annotated[str | None, Meta(description="Client version from clientInfo.")] = None
    user_agent: Annotated[str | None, Meta(description="User-Agent header, at most 256 characters.")] = None


class Source(Struct, frozen=True, kw_only=True):
    """Where the request came from."""

    ip: Annotated[str, Meta(description="Address of the peer of the TCP connection.")]
    port: Annotated[int, Meta(description="Port of the peer of the TCP connection.")]


class Credential(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The upstream credential that was used; never the secret."""

    id: Annotated[str, Meta(description="Stable id of the credential, such as `crm/header:x-api-key`.")]
    kind: Annotated[str, Meta(description="Kind: header, environment or none.")]
    owner: Annotated[str, Meta(description="Who it belongs to: `connector` (shared) or a subject.")]
    scopes: Annotated[tuple[str, ...], Meta(description="Scopes granted to it, where known.")] = ()


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What governance decided, and on what ground."""

    effect: Annotated[Effect, Meta(description="allowed, blocked, redacted or pending.")]
    rule: Annotated[str, Meta(description="Id of the rule that decided.")]
    bundle: Annotated[str, Meta(description="Hash of the configuration that was in force, hex, 16 characters.")]
    matched: Annotated[tuple[str, ...], Meta(description="Ids of all rules that matched, in order of evaluation.")] = ()
    reason: Annotated[str | None, Meta(description="The reason in one sentence, as the caller was told.")] = None
    observed: Annotated[
        tuple[str, ...], Meta(description="Those of `matched` that only watch: rules that are observed or alert, and change no effect.")
    ] = ()
    errors: Annotated[
        tuple[str, ...],
        Meta(description="Ids of rules that could not be answered: they count as matched, those that allow as not matched."),
    ] = ()


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sensitive data that a detector found in a payload, without the data."""

    detector: Annotated[str, Meta(description="Id of the detector, such as `pii/iban`.")]
    type: Annotated[str, Meta(description="Type of the data, such as iban or email.")]
    severity: Annotated[Severity, Meta(description="low, medium, high or critical.")]
    part: Annotated[Literal["arguments", "response"], Meta(description="Payload that it was found in: arguments or response.")]
    action: Annotated[
        Literal["logged", "redacted", "masked", "hashed", "blocked"],
        Meta(description="What was done about it: logged, redacted, masked, hashed or blocked."),
    ]
    count: Annotated[int, Meta(description="How many were found.")] = 1
    pointer: Annotated[str, Meta(description="Where the first stands: JSON pointer (RFC 6901) into the payload.")] = ""
    fingerprint: Annotated[
        str, Meta(description="Keyed hash of the first value, so that the same value can be found elsewhere; never the value.")
    ] = ""


class ApiRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request to an API that a connector made to answer a call."""

    method: Annotated[str, Meta(description="HTTP method.")]
    host: Annotated[str, Meta(description="Host that was asked.")]
    path: Annotated[str, Meta(description="Path without the query.")]
    status: Annotated[int | None, Meta(description="HTTP status of the answer; absent when there was none.")] = None
    started_us: Annotated[int, Meta(description="Microseconds after the call began.")] = 0
    duration_us: Annotated[int, Meta(description="How long it took.")] = 0
    bytes_in: Annotated[int, Meta(description="Size of the request's body.")] = 0
    bytes_out: Annotated[int, Meta(description="Size of the answer's body.")] = 0


class Trace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """W3C trace context: taken from the request's `_meta`, else from its headers, else made here."""

    id: Annotated[str, Meta(description="Trace id, 32 hex characters.")]
    parent: Annotated[str, Meta(description="Span id of the caller or, when made here, of the gateway; 16 hex characters.")]
    made: Annotated[bool, Meta(description="True when the caller sent no valid traceparent.")] = False


class Round(Struct, frozen=True, kw_only=True):
    """The place of a request in one logical call that takes several rounds (input_required, retries)."""

    first: Annotated[str, Meta(description="Id of the first round's record.")]
    number: Annotated[int, Meta(description="1 for the first round.")]


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a request ended, at three levels that are never merged, and one derived status."""

    status: Annotated[
        Status,
        Meta(
            description="Derived: ok, tool_error, protocol_error, upstream_error, timeout, cancelled, blocked, pending (needs another round) or unknown."
        ),
    ]
    transport: Annotated[Transport, Meta(description="Transport level: ok, not_sent, refused, timeout, cancelled, broken or http_error.")]
    http_status: Annotated[int | None, Meta(description="HTTP status of the upstream's answer.")] = None
    rpc_code: Annotated[int | None, Meta(description="Protocol level: code of the JSON-RPC error.")] = None
    is_error: Annotated[bool, Meta(description="Tool level: `isError` of the result.")] = False
    error_class: Annotated[ErrorClass | None, Meta(description="Closed set of error classes, the same for all connectors.")] = None
    detail: Annotated[
        str | None, Meta(description="Safe text of the gateway's own about the failure; upstream text is in the payload.")
    ] = None


class Timing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the time went, on a monotonic clock, in microseconds."""

    total_us: Annotated[int, Meta(description="From the request's first byte in the gateway to the release of its reply.")]
    gateway_us: Annotated[int, Meta(description="Gateway work: total less policy, dlp, log and upstream.")] = 0
    policy_us: Annotated[int, Meta(description="Deciding.")] = 0
    dlp_us: Annotated[int, Meta(description="Scanning payloads for sensitive data.")] = 0
    log_us: Annotated[
        int, Meta(description="Waiting for records to be durable before dispatch; the wait for the last record comes after its own timing.")
    ] = 0
    upstream_us: Annotated[int, Meta(description="From dispatch to the final answer of the connector.")] = 0


class OpenCall(Struct, frozen=True, kw_only=True):
    """A call that was in flight when its segment was opened."""

    call: Annotated[str, Meta(description="Id of the call.")]
    seq: Annotated[int, Meta(description="Sequence number of its call.started.")]
