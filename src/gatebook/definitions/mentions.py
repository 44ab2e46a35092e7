"""Definitions that speak of the tools of others: shadowing, where one connector steers how another one is used."""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from gatebook.definitions.definition import Definition
from gatebook.definitions.orders import orders, plain
from gatebook.definitions.remark import Remark, Text, remark, texts
from gatebook.record.parts import Severity

_TOKEN = re.compile(r"(?P<open>['\"`]?)(?P<name>[A-Za-z0-9][\w.-]{1,127}(?<![.-]))['\"`]?(?P<tool> tools?\b)?")
# Such a name is no word of a sentence: it holds a separator, or a capital behind a small letter.
_DISTINCTIVE = re.compile(r"\w[_.-]\w|[a-z][A-Z]")
_SERVER = re.compile(r"['\"`]?\b(?P<name>[a-z0-9][a-z0-9_.-]{0,63})['\"`]? (?:mcp )?(?:server|connector)\b")


class Known(Struct, frozen=True):
    """The names of all connectors and of their tools: tool -> connectors that have it, and the connectors."""

    tools: Mapping[str, frozenset[str]]
    connectors: frozenset[str]

    @classmethod
    def of(cls, listed: Mapping[str, Sequence[str]]) -> "Known":
        """Make it from connector -> names of its tools."""
        owners: dict[str, set[str]] = {}
        for connector, names in listed.items():
            for name in names:
                owners.setdefault(name, set()).add(connector)
                owners.setdefault(f"{connector}__{name}", set()).add(connector)
        return cls({name: frozenset(found) for name, found in owners.items()}, frozenset(listed))


def mentions(connector: str, definition: Definition, known: Known) -> list[Remark]:
    """Return remarks on every title and description that names a tool or connector of others; high where it also gives orders.

    A name that is an ordinary word counts only in quotation marks or before the word tool. A name that the connector has itself is its own.
    """
    where = connector, definition.name
    return [found for text in texts(definition) if text.prose for found in _of_text(where, text, known)]


def _of_text(where: tuple[str, str], text: Text, known: Known) -> Iterator[Remark]:
    for match in _TOKEN.finditer(text.text):
        name = match["name"]
        owners = known.tools.get(name, frozenset())
        named = bool(match["open"] or match["tool"]) or _DISTINCTIVE.search(name)
        if owners and named and where[0] not in owners:
            severity: Severity = "high" if orders(plain(text.text)) else "medium"
            yield remark(where, "mentions_tool", severity, text.path, f"Speaks of the tool {name} of {', '.join(sorted(owners)[:3])}")
            break
    for match in _SERVER.finditer(text.text.lower()):
        if match["name"] in known.connectors and match["name"] != where[0]:
            yield remark(where, "mentions_server", "medium", text.path, f"Speaks of the connector {match['name']}")
            break
