"""Who has been given what: the connectors' own access rules, tool packs, and temporary grants."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from gatebook.policy.access import EVERYONE, AccessRules
from gatebook.policy.globs import matches
from gatebook.policy.request import Request
from gatebook.policy.rules import Grant
from gatebook.policy.selectors import EVERYBODY, ToolPack


class Standing(Struct, frozen=True, kw_only=True):
    """What all grants say of one request, the time aside. Ids stand in the order of evaluation."""

    permanent: tuple[str, ...]
    """Grants that are enough; the first decides."""
    denied: tuple[str, ...]
    """The connector's own patterns of denied tools that fit."""
    matched: tuple[str, ...]
    """What a decision names: grants, and the patterns of allowed tools that fit."""
    temporary: tuple[Grant, ...]
    connects: bool
    """The connector itself is granted, or a tool pack with what is asked for. Temporary grants do not count here: they end."""


class Grants:
    """All grants of a bundle."""

    def __init__(self, access: Iterable[AccessRules], packs: Iterable[ToolPack], temporary: Iterable[Grant]) -> None:
        self.access = {rules.connector: _Access(rules) for rules in access}
        self._packs = [_Pack(pack) for pack in sorted(packs, key=lambda one: one.name) if pack.people or pack.groups]
        self._temporary: dict[str, list[Grant]] = {}
        for grant in sorted(temporary, key=lambda one: one.id):
            self._temporary.setdefault(grant.person.lower(), []).append(grant)

    def own(self, request: Request) -> tuple[str, ...]:
        """Return the ids of the connector's own grants to the caller."""
        access = self.access.get(request.connector)
        return access.grants(*_names(request)) if access else ()

    def standing(self, request: Request) -> Standing:
        """Look all up for one request."""
        ids, groups = _names(request)
        access, tool = self.access.get(request.connector), request.tool
        own = access.grants(ids, groups) if access else ()
        packs = tuple(self._of_packs(request, ids, groups))
        temporary = tuple(self._of_time(request, ids))
        if tool is None:
            permanent = own + packs if request.connect else own
            return Standing(permanent=permanent, denied=(), matched=permanent, temporary=temporary, connects=bool(own or packs))
        allowed, denied = (access.allowed(tool), access.denied(tool)) if access else ((), ())
        enough = own if allowed else ()
        return Standing(
            permanent=enough + packs,
            denied=denied,
            matched=own + (allowed if own and not denied else ()) + packs,
            temporary=temporary,
            connects=bool(own or packs),
        )

    def packs(self, request: Request) -> Iterator[tuple[ToolPack, tuple[str, ...]]]:
        """Yield the tool packs that the caller is given, whatever is asked for, with the ids of their grants."""
        for pack in self._packs:
            if hits := pack.grants(*_names(request)):
                yield pack.pack, hits

    def _of_packs(self, request: Request, ids: list[str], groups: set[str]) -> Iterator[str]:
        for pack in self._packs:
            held = pack.pack.touches(request.connector) if request.tool is None else pack.pack.holds(request.connector, request.tool)
            if held:
                yield from pack.grants(ids, groups)

    def _of_time(self, request: Request, ids: list[str]) -> Iterator[Grant]:
        for name in dict.fromkeys(ids):
            for grant in self._temporary.get(name, ()):
                if grant.connector == request.connector and (grant.tool == request.tool or (request.connect and request.tool is None)):
                    yield grant


class _Access:
    """The access rules of one connector."""

    def __init__(self, rules: AccessRules) -> None:
        self.rules = rules
        self._prefix = f"connector/{rules.connector}:"
        self._people = _numbered(rules.people, f"{self._prefix}allow.people")
        self._groups = _numbered(rules.groups, f"{self._prefix}allow.groups")

    def grants(self, ids: list[str], groups: set[str]) -> tuple[str, ...]:
        """Return the ids of the grants of the connector itself: people, then groups, each as they were written."""
        return _hits(self._people, ids) + _hits(self._groups, [*groups, EVERYONE])

    def allowed(self, tool: str) -> tuple[str, ...]:
        """Return the ids of the patterns that allow a tool."""
        return tuple(f"{self._prefix}tools.allow[{pattern}]" for pattern in self.rules.tools_allow if matches(pattern, tool))

    def denied(self, tool: str) -> tuple[str, ...]:
        """Return the ids of the patterns that deny a tool."""
        return tuple(f"{self._prefix}tools.deny[{pattern}]" for pattern in self.rules.tools_deny if matches(pattern, tool))


class _Pack:
    """A tool pack that is granted to somebody."""

    def __init__(self, pack: ToolPack) -> None:
        self.pack = pack
        self._people = _numbered(pack.people, f"pack/{pack.name}:people")
        self._groups = _numbered(pack.groups, f"pack/{pack.name}:groups")

    def grants(self, ids: list[str], groups: set[str]) -> tuple[str, ...]:
        """Return the ids of the grants of the pack."""
        return _hits(self._people, [*ids, *EVERYBODY]) + _hits(self._groups, [*groups, *EVERYBODY])


def _names(request: Request) -> tuple[list[str], set[str]]:
    return [name.lower() for name in (request.person, request.email) if name], {group.lower() for group in request.groups}


def _numbered(names: Iterable[str], prefix: str) -> dict[str, tuple[int, str]]:
    numbered: dict[str, tuple[int, str]] = {}
    for number, name in enumerate(names):
        numbered.setdefault(name.lower(), (number, f"{prefix}[{name}]"))
    return numbered


def _hits(named: dict[str, tuple[int, str]], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(identifier for _, identifier in sorted({named[name] for name in names if name in named}))
