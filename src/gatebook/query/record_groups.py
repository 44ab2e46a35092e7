"""The table of field groups for records as they are stored: to which group each field of each piece of a call's records belongs."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from gatebook.query.groups import FieldGroup

Mark: TypeAlias = str
"""A group · `metadata:<field>`, where a role may show that field alone · `open`: a piece whose own fields say it · groups with `+`: all of them."""


def _marks(table: str) -> dict[str, Mark]:
    return {
        name: mark for line in table.strip().splitlines() for mark, _, names in [line.strip().partition("= ")] for name in names.split()
    }


_REQUEST: Final = _marks("""
metadata:method= method
metadata:endpoint= endpoint
metadata:connector= connector
metadata:tool= tool
metadata:tool_hash= tool_hash
metadata:protocol= protocol
metadata:http_method= http_method
open= actor client source trace decision credential findings round
identity= request_id session
evidence= payload
""")
_CALLED: Final = _marks("""
metadata:call= call
metadata:seq= started_seq
""")

RECORD_GROUPS: Final[Mapping[str, Mapping[str, Mark]]] = {
    "Header": _marks("""
metadata:call= id
metadata:time= time
metadata:stream= stream
metadata:seq= seq
metadata= v type
evidence= prev
"""),
    "CallStarted": {**_REQUEST, "server": "metadata:server"},
    "CallRefused": {**_REQUEST, "outcome": "open", "timing": "open"},
    "CallFinished": {
        **_CALLED,
        **_marks("""
open= outcome timing decision findings api_requests
metadata:messages= messages
failure= extra_answers
responses= response_dropped
evidence= payload
"""),
    },
    "CallOutcomeUnknown": {**_CALLED, "reason": "failure"},
    "MessageRelayed": {
        "call": "metadata:call",
        "connector": "metadata:connector",
        **_marks("""
open= actor findings
identity= session request_id
arguments+responses= direction kind method relayed
evidence= payload
"""),
    },
    "Actor": _marks("identity= subject kind auth token"),
    "Client": {"name": "metadata:client", "version": "metadata:client_version", "user_agent": "identity"},
    "Source": _marks("identity= ip port"),
    "Trace": _marks("identity= id parent made"),
    "Decision": _marks("policy= effect rule bundle matched reason observed errors"),
    "Credential": _marks("upstream= id kind owner scopes"),
    "Finding": _marks("""
policy= detector type severity part action count
arguments+responses= pointer
evidence= fingerprint
"""),
    "Round": {"first": "metadata:first_round", "number": "metadata:round"},
    "Outcome": {"status": "metadata:status", **_marks("failure= transport http_status rpc_code is_error error_class\nresponses= detail")},
    "Timing": {
        "total_us": "metadata:duration",
        **{f"{name}_us": f"metadata:{name}_time" for name in ("gateway", "policy", "dlp", "log", "upstream")},
    },
    "ApiRequest": _marks("upstream= method host path status started_us duration_us bytes_in bytes_out"),
}

PART_GROUPS: Final[Mapping[str, tuple[FieldGroup, ...]]] = {
    "identity": ("identity",),
    "arguments": ("arguments",),
    "response": ("responses",),
    "message": ("arguments", "responses"),
    "diff": ("metadata",),
}
"""What must be visible for a payload part to be."""
