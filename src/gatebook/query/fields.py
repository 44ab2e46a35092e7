"""The table of fields: what can be asked for, what sort of value it takes and in which columns of the index it lives.

Documentation, completion, the parser, `matches` and the SQL compiler all read this one table.
"""

from typing import Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct

from gatebook.record.parts import Effect, ErrorClass, Severity, Status, Transport

Kind: TypeAlias = Literal["word", "id", "uuid", "number", "duration", "size", "time", "flag", "text"]
"""word: text, compared without regard to ASCII case · id: text, compared exactly · uuid: id of a record · number, duration (us), size (bytes),
time (us since 1970): integers · flag: true or false · text: words inside a payload."""

ORDERED: frozenset[Kind] = frozenset({"number", "duration", "size", "time"})


class Field(Struct, frozen=True):
    """One thing that can be asked for. A row matches when any of `columns` does; `many` columns hold lists; `absent` is the value that means none."""

    name: str
    kind: Kind
    description: str
    columns: tuple[str, ...]
    many: bool = False
    choices: tuple[str, ...] = ()
    absent: int | None = None


def _of(name: str, kind: Kind, description: str, *columns: str, **more: bool | int | tuple[str, ...]) -> Field:
    return Field(name, kind, description, columns or (name,), **more)  # type: ignore[arg-type]


_ALL = (
    _of("time", "time", "When the request arrived: 2026-11-01, 2026-11-01T09:30, -1h, or a range such as 2026-11-01..2026-11-02."),
    _of("finished", "time", "When its outcome was recorded; absent while it is open.", absent=0),
    _of("person", "word", "Who called: id, e-mail address or name.", "person", "email", "name"),
    _of("email", "word", "E-mail address of the person."),
    _of("group", "word", "A group that the person was in at that time.", "groups", many=True),
    _of("subject", "id", "Pseudonym of the person, as it stands in the log."),
    _of("kind", "word", "Sort of actor: person, service, anonymous or system.", "actor_kind"),
    _of("auth", "word", "How the actor was authenticated."),
    _of("token", "id", "Id of the access token."),
    _of("client", "word", "Name of the AI app."),
    _of("client_version", "word", "Version of the AI app."),
    _of("user_agent", "word", "User-Agent header of the AI app."),
    _of("ip", "id", "Source address."),
    _of("session", "id", "Session id."),
    _of("connector", "word", "Connector that was called."),
    _of("server", "word", "Where the connector is: host and port, or stdio: and the program."),
    _of("tool", "word", "Tool, prompt or resource that was asked for."),
    _of("tool_hash", "id", "Hash of the tool's definition."),
    _of("method", "word", "MCP method, such as tools/call."),
    _of("http_method", "word", "HTTP method, when it was not POST."),
    _of("endpoint", "id", "Path that was called."),
    _of("protocol", "word", "MCP protocol version."),
    _of("status", "word", "How it ended, in one word; open while it runs.", choices=(*get_args(Status), "open")),
    _of("transport", "word", "How it ended at the transport level.", choices=get_args(Transport)),
    _of("http_status", "number", "HTTP status of the connector's answer.", absent=0),
    _of("rpc_code", "number", "Code of the JSON-RPC error.", absent=0),
    _of("is_error", "flag", "The tool itself said that it failed."),
    _of("error_class", "word", "Class of the error, the same for all connectors.", choices=get_args(ErrorClass)),
    _of("detail", "word", "What the gateway itself says about the failure."),
    _of("decision", "word", "What governance decided.", "effect", choices=get_args(Effect)),
    _of("rule", "word", "Rule that decided, or any rule that matched.", "rules", many=True),
    _of("bundle", "id", "Hash of the configuration in force."),
    _of("reason", "word", "Reason that the caller was told."),
    _of("finding", "word", "Type of sensitive data that was found in the arguments or the response.", "findings", many=True),
    _of("detector", "word", "Detector that found something.", "detectors", many=True),
    _of("severity", "word", "How bad what was found is.", "severities", many=True, choices=get_args(Severity)),
    _of("fingerprint", "id", "Keyed hash of a value that was found: where else did it go?", "fingerprints", many=True),
    _of("credential", "word", "Id of the upstream credential."),
    _of("credential_kind", "word", "Kind of the upstream credential."),
    _of("api_host", "word", "Host of an API request under the call.", "api_hosts", many=True),
    _of("api_method", "word", "HTTP method of an API request under the call.", "api_methods", many=True),
    _of("api_status", "number", "HTTP status of an API request under the call.", "api_statuses", many=True, absent=0),
    _of("trace", "id", "Trace id."),
    _of("call", "uuid", "Id of the call.", "call_id"),
    _of("first_round", "id", "Id of the first round's call.", "round_first"),
    _of("round", "number", "Number of the round in a logical call of several.", "round_number"),
    _of("request_id", "id", "JSON-RPC id as the client sent it, JSON text."),
    _of("duration", "duration", "Whole time of the call, such as >2s.", "duration_us"),
    _of("gateway_time", "duration", "Time that the gateway itself took.", "gateway_us"),
    _of("policy_time", "duration", "Time for deciding.", "policy_us"),
    _of("dlp_time", "duration", "Time for scanning.", "dlp_us"),
    _of("log_time", "duration", "Time for making records durable.", "log_us"),
    _of("upstream_time", "duration", "Time that the connector took.", "upstream_us"),
    _of("bytes_in", "size", "Size of the arguments, such as >=10k."),
    _of("bytes_out", "size", "Size of the response."),
    _of("returned", "number", "Records in the response: the length of its longest list."),
    _of("messages", "number", "Messages relayed within the call."),
    _of("extra_answers", "number", "Further answers of the connector that were dropped."),
    _of("response_dropped", "word", "Why the response is not in the log, such as too_large."),
    _of("stream", "id", "Stream of the log."),
    _of("seq", "number", "Sequence number of the record that opens the call.", "started_seq"),
    _of("outcome_seq", "number", "Sequence number of the record of its outcome; 0 while it is open."),
    _of(
        "payload",
        "word",
        "Where the payload is, as it was when the call was indexed.",
        choices=("kept", "dropped", "erased", "damaged", "none"),
    ),
    _of("arguments", "text", "Words inside the arguments."),
    _of("response", "text", "Words inside the response."),
    _of("text", "text", "Words inside arguments or response, the same as a free word.", "arguments", "response"),
)

FIELDS: dict[str, Field] = {field.name: field for field in _ALL}

ARGS = "args"
"""Beginning of a filter on one argument: args.<path>. Not in FIELDS, because every path is one."""

ARGUMENT = Field(ARGS, "word", "One of the arguments by its path, such as args.limit:>100 or args.customer.id:c_7*.", ("args",), many=True)
"""What completion and documentation say of `args.<path>`."""

BOUNDS = {"since": "ge", "until": "lt"}
"""Shorthands that the parser turns into comparisons of `time`: since:-1h, until:2026-11-02."""


MEANT = {
    "user": "person", "actor": "person", "employee": "person", "who": "person", "username": "person", "team": "group", "role": "group",
    "app": "client", "agent": "client", "version": "client_version", "address": "ip", "source": "ip", "source_ip": "ip", "host": "server",
    "url": "server", "upstream": "server", "service": "connector", "function": "tool", "name": "tool", "error": "error_class",
    "outcome": "status", "result": "status", "state": "status", "code": "http_status", "effect": "decision", "verdict": "decision",
    "policy": "rule", "guardrail": "rule", "policy_bundle": "bundle", "latency": "duration", "elapsed": "duration", "took": "duration",
    "size": "bytes_out", "bytes": "bytes_out", "rows": "returned", "records": "returned", "pii": "finding", "dlp": "finding",
    "trace_id": "trace", "traceid": "trace", "id": "call", "call_id": "call", "before": "until", "after": "since", "from": "since",
    "to": "until", "timestamp": "time", "date": "time", "args": "args.", "arg": "args.", "argument": "arguments", "input": "arguments",
    "output": "response", "body": "text", "message": "text", "api": "api_host", "upstream_status": "http_status", "type": "method",
}  # fmt: skip
"""What people write who know other tools, and the field that they mean. Named in the error, never accepted: one thing has one word."""


def table() -> str:
    """Return the table of the documentation, Markdown."""
    lines = ["| field | kind | what it is |", "|---|---|---|"]
    for field in (*_ALL, msgspec.structs.replace(ARGUMENT, name=f"{ARGS}.<path>")):
        values = f" One of {', '.join(f'`{choice}`' for choice in field.choices)}." if field.choices else ""
        lines.append(f"| `{field.name}` | {field.kind} | {field.description}{values} |")
    return "\n".join(lines)
