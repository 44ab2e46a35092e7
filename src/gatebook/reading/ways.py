"""Who reached what: people, the tools they used, and where those lead, as layers and the ways between them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.index.counts import Group
from gatebook.query.writing import both, term
from gatebook.reading.tallies import Asking, Query_

PEOPLE_MAX, TOOLS_MAX, PLACES_MAX = 7, 10, 8
_GROUPS_MAX: Final = 5000
_REST: Final = "\trest"
_Value = tuple[str, ...]


class WayNode(Struct, frozen=True, kw_only=True):
    """A person, tool or destination; or, with `rest`, all others of the layer together."""

    key: Annotated[str, Meta(description="Names it within its layer.")]
    label: Annotated[str, Meta(description="As people read it.")]
    count: Annotated[int, Meta(description="How many calls.")]
    query: Query_
    blocked: Annotated[int, Meta(description="How many of them were blocked.")] = 0
    rest: bool = False


class WayEdge(Struct, frozen=True, kw_only=True):
    """Calls from a node of layer `layer`, counted from 0, to a node of the next."""

    layer: int
    start: str
    end: str
    count: Annotated[int, Meta(description="How many calls.")]
    query: Query_


class Reach(Struct, frozen=True, kw_only=True):
    """Layers from left to right: people, tools, connectors' addresses and, where they are known, hosts of APIs. `partial`: there are more combinations than are counted."""

    layers: list[list[WayNode]]
    edges: list[WayEdge]
    partial: bool = False


async def reach(asking: Asking) -> Reach:
    """Count the combinations. Raises QueryTooHeavy, TooSlow, EngineError."""
    groups = await asking.table(("person", "connector", "tool", "server"), ("count", "blocked"), limit=_GROUPS_MAX)
    hosts = await asking.table(("server", "api_host"), ("count", "blocked"), limit=_GROUPS_MAX)
    text = asking.question.text
    placed = [group for group in groups if group.keys[3]]
    people = _Layer(groups, (0,), ("person",), PEOPLE_MAX, lambda value: asking.person(value[0]))
    tools = _Layer(groups, (1, 2), ("connector", "tool"), TOOLS_MAX, _tool)
    servers = _Layer(placed, (3,), ("server",), PLACES_MAX, lambda value: value[0])
    layers = [people.nodes(text), tools.nodes(text), servers.nodes(text)]
    edges = [*people.edges(0, groups, tools, text), *tools.edges(1, placed, servers, text)]
    if hosts:
        behind = _Layer(hosts, (1,), ("api_host",), PLACES_MAX, lambda value: value[0], many=True)
        layers.append(behind.nodes(text))
        edges += servers.edges(2, [group for group in hosts if group.keys[0]], behind, text, at=(0,))
    return Reach(layers=layers, edges=edges, partial=max(len(groups), len(hosts)) >= _GROUPS_MAX)


def _tool(value: _Value) -> str:
    return " · ".join(part for part in value if part) or "gateway"


class _Layer:
    """The values of some fields: the most called are shown, the others are one node. `many`: a call may hold several, so that others are left out."""

    def __init__(
        self,
        groups: Sequence[Group],
        at: tuple[int, ...],
        fields: tuple[str, ...],
        limit: int,
        label: Callable[[_Value], str],
        many: bool = False,
    ) -> None:
        self._at, self._fields, self._label = at, fields, label
        counts: Counter[_Value] = Counter()
        self._blocked: Counter[str] = Counter()
        for group in groups:
            counts[self._value(group, at)] += int(group.values["count"])
        best = [value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
        self._shown = best if len(best) <= limit else best[: limit if many else limit - 1]
        self._others = 0 if many else len(best) - len(self._shown)
        self._counts: Counter[str] = Counter()
        for group in groups:
            if (key := self.key(self._value(group, at))) is not None:
                self._counts[key] += int(group.values["count"])
                self._blocked[key] += int(group.values.get("blocked", 0))

    @staticmethod
    def _value(group: Group, at: tuple[int, ...]) -> _Value:
        return tuple(group.keys[number] for number in at)

    def key(self, value: _Value) -> str | None:
        if value in self._shown:
            return "\t".join(value)
        return _REST if self._others else None

    def filter(self, key: str) -> str:
        if key != _REST:
            return " ".join(term(field, part) for field, part in zip(self._fields, key.split("\t"), strict=True))
        without = [f"-({self.filter(chr(9).join(value))})" for value in self._shown]
        return " ".join([*without, *(["server:*"] if self._fields == ("server",) else [])])

    def nodes(self, text: str) -> list[WayNode]:
        keys = [("\t".join(value), self._label(value)) for value in self._shown]
        if self._others:
            keys.append((_REST, f"{self._others:,} others"))
        return [
            WayNode(
                key=key, label=label, count=self._counts[key], query=both(text, self.filter(key)), blocked=self._blocked[key], rest=key == _REST
            )
            for key, label in keys
        ]  # fmt: skip

    def edges(self, layer: int, groups: Sequence[Group], other: "_Layer", text: str, *, at: tuple[int, ...] | None = None) -> list[WayEdge]:
        found: Counter[tuple[str, str]] = Counter()
        for group in groups:
            start, end = self.key(self._value(group, at or self._at)), other.key(self._value(group, other._at))
            if start is not None and end is not None:
                found[start, end] += int(group.values["count"])
        return [
            WayEdge(layer=layer, start=start, end=end, count=count, query=both(text, self.filter(start), other.filter(end)))
            for (start, end), count in found.most_common()
        ]
