"""How a request of the directory is recorded: its core without personal data, its body and query as payload, and no password anywhere."""

import json
import re
from typing import Any, Final

from msgspec import Struct
from scim2_models import SCIMException, ScimFilter

from gatebook.identity.journal import Journal
from gatebook.identity.scim.change import Requester
from gatebook.identity.scim.directory_tokens import DirectoryToken
from gatebook.record.parts import Actor

_ID: Final = re.compile(r"[0-9a-f]{32}")
_WORD: Final = re.compile(r"\.search|Users|Groups|Bulk|Me|ServiceProviderConfig|ResourceTypes|Schemas", re.IGNORECASE)
_SEGMENTS_MAX: Final = 4
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_FILTER_CHARACTERS_MAX: Final = 500
_BYTES_MAX: Final = 256 * 1024


class Said(Struct, frozen=True, kw_only=True):
    """A body: `text` as it is recorded, or why it is not (`dropped`), and how many operations it has."""

    text: bytes | None = None
    dropped: str | None = None
    operations: int | None = None


def requester_of(journal: Journal, token: DirectoryToken | None) -> Requester:
    """The directory as records name it; nobody where its token was refused."""
    if token is None:
        return Requester(actor=Actor(subject="-", kind="anonymous", auth="none"), name="", identity=b"{}")
    name = token.name or token.id
    identity = json.dumps({"id": "directory", "email": "", "name": f"Directory ({name})", "groups": []}).encode()
    actor = Actor(subject=journal.subject_of("directory"), kind="service", auth="directory", token=token.id)
    return Requester(actor=actor, name=f"directory ({name})", identity=identity)


def shown_path(path: str) -> str:
    """A path as it is recorded: only addresses of SCIM and ids of ours, because anything else may be somebody's name."""
    segments = [part for part in path.split("/") if part][:_SEGMENTS_MAX]
    return "/" + "/".join(part if _WORD.fullmatch(part) or _ID.fullmatch(part) else "…" for part in segments)


def shown_filter(text: str | None) -> str | None:
    """A filter as it is recorded: its attributes and operators, without the values."""
    if not text:
        return None
    try:
        parsed: ScimFilter[Any] = ScimFilter(text)
    except (SCIMException, ValueError, RecursionError):
        return "…"
    return _QUOTED.sub('"…"', str(parsed))[:_FILTER_CHARACTERS_MAX]


def said(body: bytes) -> Said:
    """A body as it is recorded. Passwords are cut out."""
    if not body:
        return Said()
    try:
        decoded = json.loads(body)
        cleaned = _without_passwords(decoded)
    except (ValueError, RecursionError):
        return Said(dropped="not_json")
    operations = _operations(decoded)
    text = json.dumps(cleaned, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Said(dropped="too_large", operations=operations) if len(text) > _BYTES_MAX else Said(text=text, operations=operations)


def _operations(decoded: Any) -> int | None:
    if not isinstance(decoded, dict):
        return None
    return next((len(value) for name, value in decoded.items() if name.lower() == "operations" and isinstance(value, list)), None)


def _without_passwords(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_passwords(one) for one in value]
    if not isinstance(value, dict):
        return value
    # A PATCH names the attribute in one field and gives the value in another.
    about = any(name.lower() == "path" and "password" in str(inner).lower() for name, inner in value.items())
    return {
        name: "…" if "password" in name.lower() or (about and name.lower() == "value") else _without_passwords(inner)
        for name, inner in value.items()
    }
