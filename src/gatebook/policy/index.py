"""Which of many selectors a request meets, without looking at each: one set of bits for each value of each dimension, and their intersection.

Bit n stands for selector n. It says the same as `Matcher.static_miss` of each selector, and a test holds the two together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gatebook.policy.globs import is_pattern, matches
from gatebook.policy.request import Request
from gatebook.policy.selectors import EVERYBODY, HINT_NAMES, Selector, ToolPack, about_tools

_KNOWN_MAX = 10_000
# A caller may ask for a tool of any name.
_REMEMBERED_CHARACTERS_MAX = 256


class Index:
    """An index of selectors."""

    def __init__(self, selectors: Sequence[Selector], packs: Mapping[str, ToolPack]) -> None:
        self._all = (1 << len(selectors)) - 1
        self._anybody = _bits(not (one.people or one.groups or one.service_accounts) for one in selectors)
        self._people, self._groups = _Names([one.people for one in selectors]), _Names([one.groups for one in selectors])
        self._services = _Names([one.service_accounts for one in selectors], everybody=frozenset("*"))
        self._not_people = _Names([one.not_people for one in selectors])
        self._not_groups = _Names([one.not_groups for one in selectors])
        self._clients = _Patterns([tuple(pattern.lower() for pattern in one.clients) for one in selectors])
        self._connectors = _Patterns([one.connectors for one in selectors])
        self._tools = _Patterns([one.tools for one in selectors])
        self._hints = [
            (
                _bits(getattr(one.hints, name) is not False for one in selectors),
                _bits(getattr(one.hints, name) is not True for one in selectors),
            )
            for name in HINT_NAMES
        ]
        self._not_about_tools = _bits(not about_tools(one) for one in selectors)
        self._without_packs = _bits(not one.packs for one in selectors)
        self._packs = [
            (packs[name], _bits(name in one.packs for one in selectors)) for name in {name for one in selectors for name in one.packs}
        ]
        self._in_packs: dict[tuple[str, str], int] = {}

    def matching(self, request: Request) -> Iterator[int]:
        """Yield the numbers of the selectors that a request meets by who, client, connector and tool, smallest first."""
        found = self._connectors.of(request.connector)
        found &= self._clients.of(request.client.lower()) if found else 0
        if found:
            found &= self._of_tool(request)
        if found:
            found &= self._of_who(request)
        while found:
            lowest = found & -found
            yield lowest.bit_length() - 1
            found ^= lowest

    def _of_who(self, request: Request) -> int:
        ids = [name.lower() for name in (request.person, request.email) if name]
        groups = [group.lower() for group in request.groups]
        found = self._anybody | self._people.of(ids) | self._groups.of(groups)
        if request.kind == "service":
            found |= self._services.of(ids)
        return found & ~(self._not_people.of(ids) | self._not_groups.of(groups))

    def _of_tool(self, request: Request) -> int:
        if request.tool is None:
            return self._not_about_tools
        found = self._tools.of(request.tool)
        for (if_true, if_false), value in zip(self._hints, request.hints.taken(), strict=True):
            found &= if_true if value else if_false
        return found & (self._without_packs | self._of_packs(request.connector, request.tool)) if self._packs else found

    def _of_packs(self, connector: str, tool: str) -> int:
        found = self._in_packs.get((connector, tool))
        if found is None:
            found = 0
            for pack, bits in self._packs:
                found |= bits if pack.holds(connector, tool) else 0
            if len(tool) <= _REMEMBERED_CHARACTERS_MAX:
                if len(self._in_packs) >= _KNOWN_MAX:
                    self._in_packs.clear()
                self._in_packs[connector, tool] = found
        return found


class _Names:
    """Exact names, whatever their case."""

    def __init__(self, names: Sequence[Iterable[str]], everybody: frozenset[str] = EVERYBODY) -> None:
        self._bits: dict[str, int] = {}
        self._everybody = 0
        for number, own in enumerate(names):
            for name in own:
                if name.lower() in everybody:
                    self._everybody |= 1 << number
                else:
                    self._bits[name.lower()] = self._bits.get(name.lower(), 0) | 1 << number

    def of(self, names: Iterable[str]) -> int:
        found = self._everybody
        for name in names:
            found |= self._bits.get(name, 0)
        return found


class _Patterns:
    """Patterns of `*` and `?`; a selector without any takes every name. Names that were asked for are remembered, to a limit."""

    def __init__(self, patterns: Sequence[Iterable[str]]) -> None:
        self._every = 0
        self._exact: dict[str, int] = {}
        self._beginnings: dict[str, int] = {}
        self._others: dict[str, int] = {}
        for number, own in enumerate(patterns):
            bit, own = 1 << number, tuple(own)
            if not own or "*" in own:
                self._every |= bit
            for pattern in own:
                group, key = self._group(pattern)
                group[key] = group.get(key, 0) | bit
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})
        self._known: dict[str, int] = {}

    def of(self, name: str) -> int:
        found = self._known.get(name)
        if found is None:
            found = self._every | self._exact.get(name, 0)
            for length in self._lengths:
                found |= self._beginnings.get(name[:length], 0)
            for pattern, bits in self._others.items():
                found |= bits if matches(pattern, name) else 0
            if len(name) <= _REMEMBERED_CHARACTERS_MAX:
                if len(self._known) >= _KNOWN_MAX:
                    self._known.clear()
                self._known[name] = found
        return found

    def _group(self, pattern: str) -> tuple[dict[str, int], str]:
        if not is_pattern(pattern):
            return self._exact, pattern
        if pattern.endswith("*") and not is_pattern(pattern[:-1]):
            return self._beginnings, pattern[:-1]
        return self._others, pattern


def _bits(values: Iterable[bool]) -> int:
    return sum(1 << number for number, value in enumerate(values) if value)
