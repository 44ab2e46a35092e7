"""What a connector has listed: tool definitions by hash, headers that their schemas declare, resources by address."""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from gatebook.definitions.definition import Definition, DefinitionError, canonical, members, read
from gatebook.gateway import wire

_ENTRIES_MAX = 10_000
_HEADER_KEY = "x-mcp-header"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
# Keywords of JSON Schema 2020-12 whose values are schemas, lists of them, or maps of them.
_SCHEMAS = (
    "items",
    "contains",
    "unevaluatedItems",
    "additionalProperties",
    "propertyNames",
    "unevaluatedProperties",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
)
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("patternProperties", "dependentSchemas", "$defs", "definitions")
_Path = tuple[str, ...]


class Tool(Struct, frozen=True):
    """A tool as it was listed last: its definition, path of a property -> token of the header that mirrors it and type, output schema as JSON."""

    definition: Definition
    headers: dict[_Path, tuple[str, str]]
    output_schema: str | None = None

    @property
    def hash(self) -> str:
        """Hash of the definition."""
        return self.definition.hash


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
            definition = read(text)
        except DefinitionError:
            # What cannot be pinned cannot be approved, so it is not listed and not called; a name that is known must not keep its old definition.
            if (name := wire.text_of(wire.raw_map(text).get("name"))) is not None:
                self.tools.pop(name, None)
            return
        if definition.name in self.tools or len(self.tools) < _ENTRIES_MAX:
            pinned = members(definition)
            promised = pinned.get("outputSchema")
            output_schema = canonical(promised) if isinstance(promised, dict) else None
            self.tools[definition.name] = Tool(definition, declared_headers(pinned.get("inputSchema")), output_schema)

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
        return uri in self.resources or any(
            0 < template.find("{") and uri.startswith(template.partition("{")[0]) for template in self.templates
        )


def declared_headers(schema: Any) -> dict[_Path, tuple[str, str]]:
    """Return path -> (token, type) for each `x-mcp-header` of an input schema (SEP-2243).

    A schema with one that is malformed, or not on a property that is reached through `properties` alone, declares none: clients drop its tool.
    """
    found: dict[_Path, tuple[str, str]] = {}
    tokens: set[str] = set()
    for path, position in _positions(schema):
        if _HEADER_KEY not in position:
            continue
        token, kind = position[_HEADER_KEY], position.get("type")
        if not path or not isinstance(token, str) or not _TOKEN.fullmatch(token) or kind not in ("string", "integer", "boolean"):
            return {}
        if token.lower() in tokens:
            return {}
        tokens.add(token.lower())
        found[path] = (token, kind)
    return found


def _positions(schema: Any) -> Iterator[tuple[_Path | None, dict[str, Any]]]:
    """Yield every schema in a schema, with its path where that leads through `properties` alone. A stack of its own: schemas may be deep."""
    waiting: list[tuple[_Path | None, Any]] = [((), schema)]
    while waiting:
        path, node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield path, node
        for keyword, value in node.items():
            if keyword == "properties" and isinstance(value, dict):
                waiting += [(None if path is None else (*path, name), inner) for name, inner in value.items()]
            elif keyword in _SCHEMAS:
                waiting.append((None, value))
            elif keyword in _LISTS and isinstance(value, list):
                waiting += [(None, inner) for inner in value]
            elif keyword in _MAPS and isinstance(value, dict):
                waiting += [(None, inner) for inner in value.values()]
