"""Which requests a rule is about. Selectors are data, so that they can be indexed, compared and answered without any argument."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from gatebook.policy import windows
from gatebook.policy.functions import read_address, read_network, within
from gatebook.policy.globs import matches
from gatebook.policy.request import Hints, Request

EVERYBODY = frozenset({"*", "everyone"})
HINT_NAMES = ("read_only", "destructive", "idempotent", "open_world")

Names = tuple[str, ...]


class Selector(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Each field that is not empty narrows. `people`, `groups` and `service_accounts` are one question: one hit in any of them is enough."""

    people: Annotated[Names, Meta(description="Ids or e-mail addresses of people; `*` or `everyone` is everybody.")] = ()
    not_people: Annotated[Names, Meta(description="Not these people or service accounts.")] = ()
    groups: Annotated[Names, Meta(description="Groups; `*` or `everyone` is everybody.")] = ()
    not_groups: Annotated[Names, Meta(description="Nobody who is in one of these groups.")] = ()
    service_accounts: Annotated[Names, Meta(description="Ids of service accounts; `*` is all of them.")] = ()
    clients: Annotated[Names, Meta(description="Names of AI clients, by patterns of `*` and `?`; case does not matter.")] = ()
    connectors: Annotated[Names, Meta(description="Connectors, by patterns.")] = ()
    tools: Annotated[Names, Meta(description="Tools as the connector names them, by patterns; case matters.")] = ()
    packs: Annotated[Names, Meta(description="Tools of these tool packs.")] = ()
    hints: Annotated[Hints, Meta(description="Tools that say this of themselves: read_only, destructive, idempotent, open_world.")] = (
        Hints()
    )
    times: Annotated[tuple[windows.Window, ...], Meta(description="At these hours; one of them is enough.")] = ()
    networks: Annotated[Names, Meta(description="From an address in one of these networks, such as 10.0.0.0/8.")] = ()
    not_networks: Annotated[Names, Meta(description="From an address outside of all of these networks.")] = ()


class ToolPack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Tools under one name, and a grant of them beside the connectors' own. Without people and groups it is only a name."""

    name: Annotated[str, Meta(description="Name of the pack.")]
    tools: Annotated[dict[str, Names], Meta(description="Patterns of connectors, and for each the patterns of its tools.")] = {}
    people: Annotated[Names, Meta(description="Ids or e-mail addresses of people who may use these tools.")] = ()
    groups: Annotated[Names, Meta(description="Groups who may use these tools; `everyone` is everybody.")] = ()

    def holds(self, connector: str, tool: str) -> bool:
        """Whether a tool is in the pack."""
        return any(matches(pattern, connector) and any(matches(one, tool) for one in patterns) for pattern, patterns in self.tools.items())

    def touches(self, connector: str) -> bool:
        """Whether some tool of a connector could be in the pack."""
        return any(patterns and matches(pattern, connector) for pattern, patterns in self.tools.items())


class UnknownSource(Exception):
    """The address or the time of a request is needed and cannot be read."""


def faults(selector: Selector, packs: Mapping[str, ToolPack]) -> Iterator[tuple[str, str]]:
    """Yield (path, what is wrong) for all that types do not say."""
    for name in selector.__struct_fields__:
        values = getattr(selector, name)
        if isinstance(values, tuple) and any(isinstance(value, str) and not value.strip() for value in values):
            yield name, "holds an empty name"
    for number, window in enumerate(selector.times):
        for name, text in windows.faults(window):
            yield f"times[{number}].{name}", text
    for name in ("networks", "not_networks"):
        for number, text in enumerate(getattr(selector, name)):
            try:
                read_network(text)
            except ValueError as error:
                yield f"{name}[{number}]", str(error)
    for number, pack in enumerate(selector.packs):
        if pack not in packs:
            yield f"packs[{number}]", f"there is no tool pack {pack[:64]!r}"


class Matcher:
    """A selector made ready. Make it only of one without `faults`."""

    __slots__ = ("_hours", "_networks", "_not_networks", "_packs", "dynamic", "selector")

    def __init__(self, selector: Selector, packs: Mapping[str, ToolPack]) -> None:
        self.selector = selector
        self._packs = tuple(packs[name] for name in selector.packs)
        self._hours = tuple(map(windows.Hours, selector.times))
        self._networks = tuple(map(read_network, selector.networks))
        self._not_networks = tuple(map(read_network, selector.not_networks))
        self.dynamic = bool(self._hours or self._networks or self._not_networks)
        """Whether the answer depends on more than who, client, connector and tool: on the time or the network."""

    def matches(self, request: Request) -> bool:
        """Whether a request is selected. Raises UnknownSource."""
        return self.static_miss(request) is None and self.dynamic_miss(request) is None

    def static_miss(self, request: Request) -> str | None:
        """Return why a request is not selected, by what neither time nor network changes; None when it is."""
        return self._who_miss(request) or self._what_miss(request)

    def dynamic_miss(self, request: Request) -> str | None:
        """Return why the time or the network of a request is not selected; None when they are. Raises UnknownSource."""
        if self._hours:
            try:
                if not any(request.time_us in hours for hours in self._hours):
                    return "it is outside the hours of times"
            except (ValueError, OverflowError, OSError):
                raise UnknownSource("the time of the call is out of range") from None
        if self._networks or self._not_networks:
            try:
                address = read_address(request.source_ip)
            except ValueError:
                raise UnknownSource("the address of the caller is not known") from None
            if self._networks and not any(within(address, network) for network in self._networks):
                return f"the address {address} is in none of networks"
            if any(within(address, network) for network in self._not_networks):
                return f"the address {address} is in one of not_networks"
        return None

    def _who_miss(self, request: Request) -> str | None:
        chosen = self.selector
        ids = {name.lower() for name in (request.person, request.email) if name}
        groups = {group.lower() for group in request.groups}
        if (chosen.people or chosen.groups or chosen.service_accounts) and not self._is_named(request, ids, groups):
            wanted = [
                f"{name} {shown(getattr(chosen, name))}" for name in ("people", "groups", "service_accounts") if getattr(chosen, name)
            ]
            return f"{request.person or 'nobody'}, in {_groups_of(request)}, is not one of {' or '.join(wanted)}"
        if _has(chosen.not_people, ids):
            return f"{request.person} is excluded by not_people"
        if _has(chosen.not_groups, groups):
            return f"one of {_groups_of(request)} is excluded by not_groups {shown(chosen.not_groups)}"
        return None

    def _is_named(self, request: Request, ids: set[str], groups: set[str]) -> bool:
        chosen = self.selector
        return (
            _has(chosen.people, ids)
            or _has(chosen.groups, groups)
            or (request.kind == "service" and any(name == "*" or name.lower() in ids for name in chosen.service_accounts))
        )

    def _what_miss(self, request: Request) -> str | None:
        chosen, tool = self.selector, request.tool
        if chosen.clients and not any(matches(pattern.lower(), request.client.lower()) for pattern in chosen.clients):
            return f"client {request.client or 'unknown'} is not one of {shown(chosen.clients)}"
        if chosen.connectors and not any(matches(pattern, request.connector) for pattern in chosen.connectors):
            return f"connector {request.connector} is not one of {shown(chosen.connectors)}"
        if tool is None:
            return "it is about tools, and this is not a call of one" if about_tools(chosen) else None
        if chosen.tools and not any(matches(pattern, tool) for pattern in chosen.tools):
            return f"tool {tool} is not one of {shown(chosen.tools)}"
        if self._packs and not any(pack.holds(request.connector, tool) for pack in self._packs):
            return f"tool {tool} is in none of the packs {shown(chosen.packs)}"
        for name, value in zip(HINT_NAMES, request.hints.taken(), strict=True):
            if getattr(chosen.hints, name) not in (None, value):
                return f"the tool counts as {'' if value else 'not '}{name}"
        return None


def about_tools(selector: Selector) -> bool:
    """Whether a selector selects nothing but calls of tools."""
    return bool(selector.tools or selector.packs or any(getattr(selector.hints, name) is not None for name in HINT_NAMES))


def shown(names: Names) -> str:
    """Return names for a sentence, a long list cut."""
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _has(names: Names, own: set[str]) -> bool:
    return any(name.lower() in own or name.lower() in EVERYBODY for name in names)


def _groups_of(request: Request) -> str:
    return f"group {shown(request.groups)}" if request.groups else "no group"
