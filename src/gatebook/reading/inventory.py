"""All connectors with what they list, at one revision of state: judged, remarked on, and held against who may call it. No calls, no index."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from msgspec.structs import asdict
from sqlalchemy import Connection

from gatebook.definitions.change import quoted
from gatebook.definitions.definition import Definition
from gatebook.definitions.diff import compare
from gatebook.definitions.key import key_of
from gatebook.definitions.lint import lint_all
from gatebook.definitions.remark import Remark
from gatebook.definitions.telling import laid_out, told
from gatebook.policy.bundle import Bundle
from gatebook.policy.request import HINTS, Hints
from gatebook.reading.callers import Callers, callers_of, grants_of
from gatebook.reading.standing import UNDECIDED, Standing, standings
from gatebook.reading.tool_facts import Compared, ConnectorDetail, ConnectorFacts, Kind, Noted, Seen, ToolDetail, ToolFacts
from gatebook.state.connectors import Connector
from gatebook.state.deciding import definition_of, mark_of, named
from gatebook.state.definitions import Known, hints_of, read_definitions
from gatebook.state.in_force import sources_of
from gatebook.state.snapshot import Snapshot, read_snapshot

GRAVE = ("high", "critical")
_CALLABLE = ("approved", "unchecked")


class Inventory:
    """What was read in one transaction. Takes time by the size of all definitions; keep it as long as the revision holds."""

    def __init__(self, snapshot: Snapshot, definitions: Iterable[Known], before: "Inventory | None" = None) -> None:
        self.snapshot = snapshot
        known: dict[str, list[Known]] = {}
        for one in definitions:
            known.setdefault(one.connector, []).append(one)
        self._standings = {
            name: standings(known.get(name, ()), snapshot.listings.get(name), connector.spec.tool_approval)
            for name, connector in sorted(snapshot.connectors.items())
        }
        listed = {name: [definition_of(one.listed) for one in found if one.listed is not None] for name, found in self._standings.items()}
        self._listed = {(name, one.hash) for name, found in listed.items() for one in found}
        # Remarks take most of the time, and depend on what is listed alone.
        self._remarks: dict[tuple[str, str], list[Remark]] = (
            before._remarks if before is not None and before._listed == self._listed else _remarks(listed)
        )
        self._packs = [spec.pack(name) for name, spec in snapshot.rules.packs.items()]
        self._facts = {name: tuple(self._tool(snapshot.connectors[name], one) for one in found) for name, found in self._standings.items()}

    @classmethod
    def read(cls, connection: Connection, now_us: int, before: "Inventory | None" = None) -> "Inventory":
        """Read state in the caller's transaction; `before` is an earlier reading, to save time. Raises as `read_snapshot` does."""
        return cls(read_snapshot(connection, now_us), read_definitions(connection), before)

    def connectors(self) -> list[ConnectorFacts]:
        """All connectors by name."""
        return [self._connector(name) for name in self._standings]

    def connector(self, name: str) -> ConnectorDetail | None:
        """One connector with its tools; None when there is none of that name."""
        if name not in self._standings:
            return None
        tools = sorted(self._facts[name], key=lambda one: (one.state not in UNDECIDED, one.tool))
        return ConnectorDetail(**asdict(self._connector(name)), all_tools=tuple(tools))

    def tool(self, connector: str, word: str) -> ToolDetail | None:
        """One tool by its key or name; None when there is none. Without `callers`."""
        known = {one.tool: place for place, one in enumerate(self._standings.get(connector, ()))}
        name = named(word, known)
        if name is None:
            return None
        standing, facts = self._standings[connector][known[name]], self._facts[connector][known[name]]
        shown = standing.listed or standing.approved
        return ToolDetail(
            connector=connector,
            tool_approval=self.snapshot.connectors[connector].spec.tool_approval,
            facts=facts,
            definition=laid_out(definition_of(shown)) if shown else "",
            compared=self._compared(connector, standing),
            history=tuple(_seen(one, standing) for one in reversed(standing.history)),
        )

    def callers(self, detail: ToolDetail, now_us: int) -> Callers | None:
        """What the policies make of a tool for all people; None where there are too many."""
        facts = detail.facts
        return callers_of(self.bundle, self.snapshot.people, (detail.connector, facts.tool, facts.hints), now_us)

    def callable_tools(self) -> dict[str, list[ToolFacts]]:
        """The tools that may be called as far as their definitions go, by connector: those that are approved and listed, or not checked."""
        return {name: [one for one in facts if one.state in _CALLABLE] for name, facts in self._facts.items()}

    @cached_property
    def bundle(self) -> Bundle:
        """What decides, compiled."""
        return Bundle.compile(sources_of(self.snapshot))

    def _connector(self, name: str) -> ConnectorFacts:
        connector, listing, facts = self.snapshot.connectors[name], self.snapshot.listings.get(name), self._facts[name]
        waiting = [one.listed for one in self._standings[name] if one.state in UNDECIDED and one.listed is not None]
        return ConnectorFacts(
            name=name,
            title=connector.spec.title,
            transport=connector.spec.transport,
            tool_approval=connector.spec.tool_approval,
            listed_us=listing.at_us if listing else None,
            tools=sum(one.hash is not None for one in facts),
            undecided=len(waiting),
            grave=sum(any(remark.severity in GRAVE for remark in one.remarks) for one in facts),
            waiting=mark_of(waiting),
        )

    def _tool(self, connector: Connector, standing: Standing) -> ToolFacts:
        shown = standing.listed or standing.approved
        decided = next((one for one in (standing.listed, standing.approved) if one is not None and one.decided_us is not None), None)
        hints = hints_of(shown.definition) if shown else HINTS
        remarks = self._remarks.get((connector.name, quoted(standing.tool)), ())
        return ToolFacts(
            tool=standing.tool,
            key=key_of(standing.tool),
            state=standing.state,
            hash=standing.listed.hash if standing.listed else None,
            approved_hash=standing.approved.hash if standing.approved else None,
            other=standing.other,
            first_us=min((one.seen_us for one in standing.history), default=0),
            seen_us=shown.seen_us if shown else 0,
            decided_by=decided.decided_by if decided else None,
            decided_us=decided.decided_us if decided else None,
            reason=decided.reason if decided else None,
            hints=hints,
            kind=kind_of(hints),
            remarks=tuple(Noted(check=one.check, severity=one.severity, path=one.path, text=one.text) for one in remarks),
            grants=grants_of(standing.tool, connector.rules, self._packs),
        )

    def _compared(self, connector: str, standing: Standing) -> Compared | None:
        former = standing.approved
        if standing.state == "renamed":
            former = next((one.approved for one in self._standings[connector] if one.tool == standing.other), former)
        if former is None or standing.listed is None or former.hash == standing.listed.hash:
            return None
        before, after = definition_of(former), definition_of(standing.listed)
        diff = compare(before, after)
        return Compared(before=diff.before, after=diff.after, changes=diff.changes, left_out=diff.left_out, text=told(before, after))


def _remarks(listed: Mapping[str, Sequence[Definition]]) -> dict[tuple[str, str], list[Remark]]:
    found: dict[tuple[str, str], list[Remark]] = {}
    for remark in lint_all(listed):
        found.setdefault((remark.connector, remark.tool), []).append(remark)
    return found


def kind_of(hints: Hints) -> Kind:
    """Return what hints come to: read, destructive, or write. A tool that says nothing counts as destructive, as the protocol has it."""
    read_only, destructive, _, _ = hints.taken()
    return "read" if read_only else "destructive" if destructive else "write"


def _seen(known: Known, standing: Standing) -> Seen:
    return Seen(
        hash=known.hash,
        state=known.state,
        seen_us=known.seen_us,
        decided_by=known.decided_by,
        decided_us=known.decided_us,
        reason=known.reason,
        listed=standing.listed is not None and known.hash == standing.listed.hash,
        in_force=standing.approved is not None and known.hash == standing.approved.hash,
    )
