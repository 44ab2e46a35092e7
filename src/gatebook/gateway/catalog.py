"""What a connector has listed: tool definitions by hash, headers that their schemas declare, resources by address."""

import hashlib
import json
from typing import Any

from msgspec import Struct

from gatebook.gateway import wire

_PINNED = ("name", "title", "description", "inputSchema", "outputSchema", "annotations", "icons")
_ENTRIES_MAX = 10_000
_HEADER_KEY = "x-mcp-header"


class Tool(Struct, frozen=True):
    """A tool as it was listed last: hash of its definition, and path of a property -> token of the header that mirrors it."""

    hash: str
    headers: dict[tuple[str, ...], str]


class Catalog:
    """What one connector has listed, in this worker. Bounded; a connector that lists more is known in part."""

    def __init__(self) -> None:
        self.tools: dict[str, Tool] = {}
        self.resources: dict[str, None] = {}
        self.templates: dict[str, None] = {}

    def learn(self, method: str, result: bytes) -> None:
        """Take in the result of a list method."""
        members = wire.raw_map(result)
        if method == "tools/list":
            for raw in wire.raw_list(members.get("tools")):
                self._learn_tool(bytes(raw))
        elif method == "resources/list":
            self._note(self.resources, members, "resources", "uri")
        elif method == "resources/templates/list":
            self._note(self.templates, members, "resourceTemplates", "uriTemplate")

    def _learn_tool(self, text: bytes) -> None:
        try:
            definition = json.loads(text)
        except (ValueError, RecursionError):
            return
        name = definition.get("name") if isinstance(definition, dict) else None
        if isinstance(name, str) and (name in self.tools or len(self.tools) < _ENTRIES_MAX):
            self.tools[name] = Tool(definition_hash(definition), declared_headers(definition.get("inputSchema")))

    def _note(self, where: dict[str, None], members: dict[str, Any], key: str, field: str) -> None:
        for raw in wire.raw_list(members.get(key)):
            try:
                value = json.loads(bytes(raw)).get(field)
            except (ValueError, AttributeError, RecursionError):
                continue
            if isinstance(value, str) and len(where) < _ENTRIES_MAX:
                where[value] = None

    def has_resource(self, uri: str) -> bool:
        """Tell whether the address was listed, or begins like a template that was."""
        return uri in self.resources or any(uri.startswith(template.split("{")[0]) for template in self.templates if "{" in template)


def definition_hash(definition: dict[str, Any]) -> str:
    """SHA-256 over canonical JSON (sorted keys, no spaces, UTF-8) of what describes the tool to a model, hex."""
    pinned = {key: definition[key] for key in _PINNED if key in definition}
    text = json.dumps(pinned, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def declared_headers(schema: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Return path -> token for each `x-mcp-header` on a property that is reached through `properties` alone (SEP-2243)."""
    found: dict[tuple[str, ...], str] = {}
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or len(path) > 16:
        return found
    for name, inner in properties.items():
        if not isinstance(inner, dict):
            continue
        token = inner.get(_HEADER_KEY)
        if isinstance(token, str) and inner.get("type") in ("string", "integer", "boolean"):
            found[(*path, name)] = token
        found.update(declared_headers(inner, (*path, name)))
    return found
