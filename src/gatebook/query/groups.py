"""The table of field groups: to which part of a call each field of the search language and each column of the index belongs.

Roles grant groups. What belongs to none would be shown to nobody, and a test fails for it.
"""

from typing import Final, Literal, TypeAlias, get_args

from gatebook.query.fields import ARGS, FIELDS

FieldGroup: TypeAlias = Literal["metadata", "failure", "identity", "policy", "evidence", "arguments", "responses", "upstream"]
GROUPS: Final[tuple[FieldGroup, ...]] = get_args(FieldGroup)
PAYLOADS: Final[tuple[FieldGroup, ...]] = ("arguments", "responses")
"""Groups that hold what people wrote and what connectors answered."""

MEANING: Final[dict[FieldGroup, str]] = {
    "metadata": "When, which connector and tool, with which app, how it ended in one word, how long it took, where its records are.",
    "failure": "How it failed, in closed codes: transport, HTTP status, JSON-RPC code, error class; no words about it.",
    "identity": "Who: person, groups, address, session, access token.",
    "policy": "What governance decided and why: decision, rules, reason, types of sensitive data that were found.",
    "evidence": "What proves it: records as stored, their hashes and proofs, fingerprints of values, and who read the log.",
    "arguments": "What was sent to the connector, and its size.",
    "responses": "What the connector answered, its size and number of records; messages in between; the sentence about a failure.",
    "upstream": "What was under the call: API requests, and the credential that was used; never the secret.",
}

_FIELDS: Final[dict[FieldGroup, str]] = {
    "metadata": "time finished call connector server tool tool_hash method http_method endpoint protocol client client_version status duration "
    "gateway_time policy_time dlp_time log_time upstream_time messages stream seq outcome_seq payload first_round round",
    "failure": "transport http_status rpc_code is_error error_class extra_answers",
    "identity": "person email group subject kind auth token user_agent ip session trace request_id",
    "policy": "decision rule bundle reason finding detector severity",
    "evidence": "fingerprint",
    "arguments": f"arguments bytes_in {ARGS}",
    "responses": "response response_dropped bytes_out returned detail",
    "upstream": "credential credential_kind api_host api_method api_status",
}

GROUP_OF: Final[dict[str, FieldGroup]] = {name: group for group, names in _FIELDS.items() for name in names.split()}
"""Group of each field. `text` is in arguments and responses both, and not here: the tree takes it apart."""

TEXT_FIELDS: Final[dict[str, str]] = {"text": "arguments response"}

METADATA_FIELDS: Final[tuple[str, ...]] = tuple(_FIELDS["metadata"].split())
"""What a role may be granted field by field."""

PLACES: Final = ("seq", "outcome_seq")
"""Fields that number the records of everybody: whoever knows two of them knows how many there were between. Not for those who see some calls only."""

ALWAYS: Final = ("time", "call")
"""Fields that come with every row that is shown at all."""

_COLUMNS_BESIDE: Final[dict[str, FieldGroup]] = {
    "started_segment": "metadata",
    "started_offset": "metadata",
    "outcome_segment": "metadata",
    "outcome_offset": "metadata",
}

COLUMN_FIELD: Final[dict[str, str]] = {
    column: name for name, field in FIELDS.items() if name not in TEXT_FIELDS for column in field.columns
} | {ARGS: ARGS}
"""The field that decides about each column. A column of several fields goes by the last, and they are of one group."""

COLUMN_GROUP: Final[dict[str, FieldGroup]] = {column: GROUP_OF[name] for column, name in COLUMN_FIELD.items()} | _COLUMNS_BESIDE
"""Group of each column."""

PLACE_COLUMNS: Final[tuple[str, ...]] = (*(column for column, field in COLUMN_FIELD.items() if field in PLACES), *_COLUMNS_BESIDE)
"""The columns that say where in the log, by number or by bytes."""


def field_of(name: str) -> str:
    """Return the name under which the table knows a field: every argument by its path is `args`, a band of durations `duration`."""
    if name == ARGS or name.startswith(f"{ARGS}."):
        return ARGS
    return "duration" if name == "band" else name
