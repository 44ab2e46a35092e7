"""The table of fields: what can be asked for, what sort of value it takes and in which columns of the index it lives.

Documentation, completion, the parser, `matches` and the SQL compiler all read this one table.
"""

from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from gatebook.record.parts import Effect, ErrorClass, Status, Transport

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
    _of("ip", "id", "Source address."),
    _of("session", "id", "Session id."),
    _of("connector", "word", "Connector that was called."),
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
    _of("decision", "word", "What governance decided.", "effect", choices=get_args(Effect)),
    _of("rule", "word", "Rule that decided, or any rule that matched.", "rules", many=True),
    _of("bundle", "id", "Hash of the configuration in force."),
    _of("reason", "word", "Reason that the caller was told."),
    _of("credential", "word", "Id of the upstream credential."),
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
    _of("messages", "number", "Messages relayed within the call."),
    _of("stream", "id", "Stream of the log."),
    _of("seq", "number", "Sequence number of the record that opens the call.", "started_seq"),
    _of("outcome_seq", "number", "Sequence number of the record of its outcome; 0 while it is open."),
    _of("payload", "word", "Where the payload is: kept, dropped, erased or none.", choices=("kept", "dropped", "erased", "none")),
    _of("arguments", "text", "Words inside the arguments."),
    _of("response", "text", "Words inside the response."),
    _of("text", "text", "Words inside arguments or response, the same as a free word.", "arguments", "response"),
)

FIELDS: dict[str, Field] = {field.name: field for field in _ALL}

BOUNDS = {"since": "ge", "until": "lt"}
"""Shorthands that the parser turns into comparisons of `time`: since:-1h, until:2026-11-02."""


def table() -> str:
    """Return the table of the documentation, Markdown."""
    lines = ["| field | kind | what it is |", "|---|---|---|"]
    for field in _ALL:
        values = f" One of {', '.join(f'`{choice}`' for choice in field.choices)}." if field.choices else ""
        lines.append(f"| `{field.name}` | {field.kind} | {field.description}{values} |")
    return "\n".join(lines)
