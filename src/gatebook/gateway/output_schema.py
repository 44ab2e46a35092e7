"""Whether a structured result is what its tool promises: MCP lets clients check `structuredContent` against the tool's output schema."""

from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec


@lru_cache(maxsize=256)
def _validator(schema: str) -> jsonschema_rs.Validator | None:
    try:
        # References to other documents are not followed: nothing is fetched because a connector says so.
        return jsonschema_rs.Draft202012Validator(msgspec.json.decode(schema), retriever=_refuse)
    except (ValueError, msgspec.MsgspecError):
        return None


def _refuse(uri: str) -> Any:
    raise ValueError(f"references to other documents are not followed: {uri[:100]}")


def keeps_promise(schema: str, structured: bytes) -> bool:
    """Whether JSON is valid by a schema, both JSON text. A schema that cannot be read promises nothing; what cannot be read keeps no promise."""
    validator = _validator(schema)
    if validator is None:
        return True
    try:
        return bool(validator.is_valid(msgspec.json.decode(structured)))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return False
