"""The rows of the index: one per call, and one per record that is not part of a call."""

from typing import Annotated

from msgspec import Meta, Struct


class CallRow(Struct, frozen=True, kw_only=True):
    """What the index knows of one call, without its payloads. Absent texts are empty, absent numbers 0."""

    call_id: Annotated[str, Meta(description="Id of the call: that of the record that opens it.")]
    time: Annotated[int, Meta(description="When the request arrived, microseconds since 1970.")]
    finished: Annotated[int, Meta(description="Time of the outcome's record, microseconds since 1970; 0 while the call is open.")] = 0
    duration_us: Annotated[int, Meta(description="Whole time of the call; while it is open 0.")] = 0
    gateway_us: Annotated[int, Meta(description="Time of the gateway itself.")] = 0
    policy_us: Annotated[int, Meta(description="Time for deciding.")] = 0
    dlp_us: Annotated[int, Meta(description="Time for scanning.")] = 0
    log_us: Annotated[int, Meta(description="Time for making records durable.")] = 0
    upstream_us: Annotated[int, Meta(description="Time of the connector.")] = 0
    person: Annotated[str, Meta(description="Id of the person; empty when anonymous or erased.")] = ""
    email: Annotated[str, Meta(description="E-mail address of the person.")] = ""
    name: Annotated[str, Meta(description="Name of the person.")] = ""
    groups: Annotated[tuple[str, ...], Meta(description="Groups of the person at that time.")] = ()
    subject: Annotated[str, Meta(description="Pseudonym of the person.")] = ""
    actor_kind: Annotated[str, Meta(description="person, service, anonymous or system.")] = ""
    auth: Annotated[str, Meta(description="How the actor was authenticated.")] = ""
    token: Annotated[str, Meta(description="Id of the access token.")] = ""
    client: Annotated[str, Meta(description="Name of the AI app.")] = ""
    client_version: Annotated[str, Meta(description="Version of the AI app.")] = ""
    user_agent: Annotated[str, Meta(description="User-Agent header.")] = ""
    ip: Annotated[str, Meta(description="Source address.")] = ""
    session: Annotated[str, Meta(description="Session id.")] = ""
    connector: Annotated[str, Meta(description="Connector; empty when the gateway answered itself.")] = ""
    tool: Annotated[str, Meta(description="Tool, prompt or resource.")] = ""
    tool_hash: Annotated[str, Meta(description="Hash of the tool definition.")] = ""
    method: Annotated[str, Meta(description="JSON-RPC method.")] = ""
    http_method: Annotated[str, Meta(description="HTTP method, when it was not POST.")] = ""
    endpoint: Annotated[str, Meta(description="Path that was called.")] = ""
    protocol: Annotated[str, Meta(description="MCP protocol version.")] = ""
    request_id: Annotated[str, Meta(description="JSON-RPC id, JSON text.")] = ""
    status: Annotated[str, Meta(description="Derived status; open while the call runs.")] = "open"
    transport: Annotated[str, Meta(description="Outcome at the transport level.")] = ""
    http_status: Annotated[int, Meta(description="HTTP status of the upstream; 0 when absent.")] = 0
    rpc_code: Annotated[int, Meta(description="Code of the JSON-RPC error; 0 when absent.")] = 0
    is_error: Annotated[bool, Meta(description="isError of the result.")] = False
    error_class: Annotated[str, Meta(description="Class of the error.")] = ""
    detail: Annotated[str, Meta(description="Text of the gateway's own about the failure.")] = ""
    effect: Annotated[str, Meta(description="Effect of the decision.")] = ""
    rules: Annotated[tuple[str, ...], Meta(description="The rule that decided, then the others that matched.")] = ()
    bundle: Annotated[str, Meta(description="Hash of the configuration in force.")] = ""
    reason: Annotated[str, Meta(description="Reason that the caller was told.")] = ""
    trace: Annotated[str, Meta(description="Trace id.")] = ""
    credential: Annotated[str, Meta(description="Id of the upstream credential.")] = ""
    credential_kind: Annotated[str, Meta(description="Kind of the upstream credential.")] = ""
    server: Annotated[str, Meta(description="Where the connector is: host and port, or stdio: and the program.")] = ""
    findings: Annotated[tuple[str, ...], Meta(description="Types of sensitive data that were found, each once.")] = ()
    detectors: Annotated[tuple[str, ...], Meta(description="Detectors that found something, each once.")] = ()
    severities: Annotated[tuple[str, ...], Meta(description="Severities of what was found, each once.")] = ()
    fingerprints: Annotated[tuple[str, ...], Meta(description="Keyed hashes of values that were found, each once.")] = ()
    api_hosts: Annotated[tuple[str, ...], Meta(description="Hosts of the API requests under the call, each once.")] = ()
    api_methods: Annotated[tuple[str, ...], Meta(description="Methods of the API requests, each once.")] = ()
    api_statuses: Annotated[tuple[int, ...], Meta(description="HTTP statuses of the API requests, each once.")] = ()
    returned: Annotated[int, Meta(description="Records in the response: length of its longest list, 1 for a single thing, 0 for none.")] = 0
    bytes_in: Annotated[int, Meta(description="Size of the arguments part in bytes.")] = 0
    bytes_out: Annotated[int, Meta(description="Size of the response part in bytes.")] = 0
    round_first: Annotated[str, Meta(description="Id of the first round's call, in a call of several.")] = ""
    round_number: Annotated[int, Meta(description="Number of the round; 1 in a call of one.")] = 1
    messages: Annotated[int, Meta(description="Messages relayed within the call.")] = 0
    extra_answers: Annotated[int, Meta(description="Further answers that were dropped.")] = 0
    response_dropped: Annotated[str, Meta(description="Why the response is not in the log.")] = ""
    payload: Annotated[str, Meta(description="State of the payload when it was indexed: kept, dropped, erased, damaged or none.")] = "none"
    stream: Annotated[str, Meta(description="Stream of the records.")] = ""
    started_seq: Annotated[int, Meta(description="Sequence number of the record that opens the call.")] = 0
    started_segment: Annotated[int, Meta(description="First sequence number of its segment.")] = 0
    started_offset: Annotated[int, Meta(description="Offset in that segment.")] = 0
    outcome_seq: Annotated[int, Meta(description="Sequence number of the outcome's record; 0 while open; the same when refused.")] = 0
    outcome_segment: Annotated[int, Meta(description="First sequence number of its segment.")] = 0
    outcome_offset: Annotated[int, Meta(description="Offset in that segment.")] = 0


class FullRow(CallRow, frozen=True, kw_only=True):
    """A row together with what is searched of its payloads: texts (`gatebook.query.text.searchable`) and arguments by path (`gatebook.query.paths`)."""

    arguments: Annotated[str, Meta(description="Searched text of the arguments.")] = ""
    response: Annotated[str, Meta(description="Searched text of the response.")] = ""
    args: Annotated[tuple[str, ...], Meta(description="Arguments by path: path, U+001F, value.")] = ()


class RecordRow(Struct, frozen=True, kw_only=True):
    """One record that neither opens nor ends a call."""

    id: Annotated[str, Meta(description="Id of the record.")]
    time: Annotated[int, Meta(description="Microseconds since 1970.")]
    type: Annotated[str, Meta(description="Record type.")]
    stream: Annotated[str, Meta(description="Stream.")]
    seq: Annotated[int, Meta(description="Sequence number in the stream.")]
    segment: Annotated[int, Meta(description="First sequence number of its segment.")] = 0
    offset: Annotated[int, Meta(description="Offset in that segment.")] = 0
    call: Annotated[str, Meta(description="Id of the call that it belongs to.")] = ""
    subject: Annotated[str, Meta(description="Pseudonym of the actor.")] = ""
    person: Annotated[str, Meta(description="Id of the person, where the record holds it.")] = ""
    connector: Annotated[str, Meta(description="Connector.")] = ""
    method: Annotated[str, Meta(description="JSON-RPC method.")] = ""
    summary: Annotated[str, Meta(description="The core record, JSON text.")] = ""
    text: Annotated[str, Meta(description="Searched text of the payload.")] = ""


CALL_COLUMNS: tuple[str, ...] = CallRow.__struct_fields__
RECORD_COLUMNS: tuple[str, ...] = RecordRow.__struct_fields__
PAYLOAD_COLUMNS: tuple[str, ...] = ("arguments", "response", "args")
