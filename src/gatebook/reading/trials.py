"""Trials of texts: the guardrails that are about a part and a tool, in force or as a draft would make them. Nothing is on the record, because nothing is read."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gatebook.dlp.guardrail import Direction, Guardrail
from gatebook.dlp.hit import Limits
from gatebook.dlp.scanner import Scanner
from gatebook.gateway.guards import Scanners
from gatebook.policy.request import HINTS, Hints, Request
from gatebook.policy.selectors import Matcher, Selector
from gatebook.reading.room import ReadingRoom
from gatebook.reading.trying import Trial, Tried, try_text
from gatebook.state.checking import Draft
from gatebook.state.documents import parse_documents
from gatebook.state.in_force import all_detectors, detector_ids, guardrail_of
from gatebook.state.store import Store

# The first one compiles every detector, which takes a second of a processor that others may need too.
_BUDGET_S: Final = 30.0
_OF_TOOLS: Final[dict[str, object]] = {"tools": (), "packs": (), "hints": HINTS}


class TrialOrder(Struct, frozen=True, kw_only=True):
    """What to try. `draft`: YAML that would be applied first; without a connector, guardrails of all connectors are tried, without a tool those of all its tools."""

    text: str
    part: Direction
    draft: str = ""
    connector: str = ""
    tool: str = ""


class Trials:
    """Tries texts. The compiled detectors are kept from one to the next."""

    def __init__(self, room: ReadingRoom, store: Store) -> None:
        self._room = room
        self._store = store
        self._lock = threading.Lock()
        self._scanners, self._every = Scanners(), Scanners()

    async def run(self, order: TrialOrder) -> Tried:
        """Try a text. Raises DocumentError with everything that is wrong with the draft, StateError, TooSlow."""
        return await self._room.ask(lambda: self._try(order), _BUDGET_S, heavy=True)

    async def tools(self) -> Mapping[str, tuple[str, ...]]:
        """The connectors and the tools of each that are known. Raises StateError."""

        def read() -> Mapping[str, tuple[str, ...]]:
            with self._store.read() as connection:
                return {name: tuple(sorted(tools)) for name, tools in sorted(Draft(connection).hints().items())}

        return await asyncio.to_thread(read)

    def _try(self, order: TrialOrder) -> Tried:
        documents = parse_documents(order.draft, "draft") if order.draft.strip() else []
        with self._store.read() as connection:
            draft = Draft(connection, documents)
        if documents:
            draft.check(tests=False)
        return try_text(order.text, self._trial(draft, order))

    def _trial(self, draft: Draft, order: TrialOrder) -> Trial:
        detectors, known = all_detectors(draft.rules.detectors), detector_ids(draft.rules.detectors)
        packs = {name: spec.pack(name) for name, spec in draft.rules.packs.items()}
        hints = draft.hints().get(order.connector, {}).get(order.tool, HINTS)
        request = Request(connector=order.connector, tool=order.tool or None, hints=hints)
        rules: list[Guardrail] = []
        some = set()
        for name, spec in sorted(draft.rules.guardrails.items()):
            asked = what(spec.selector, order)
            if order.part in spec.parts and Matcher(asked, packs).matches(request):
                rules.append(guardrail_of(name, spec, known))
                some.update([name] if who(spec.selector) else [])
        # Names in prose are found by no pattern, and not tried here.
        used = {name: detectors[name] for rule in rules for name in rule.detectors if name in detectors}
        scan = draft.rules.governance.scan
        limits = Limits(scan_bytes_max=scan.payload_bytes_max, time_budget_ms=scan.time_budget_ms)
        with self._lock:
            scanner: Scanner | None = self._scanners.get(used, limits) if used else None
            every = self._every.get(detectors, Limits(time_budget_ms=1_000.0))
        return Trial(part=order.part, rules=tuple(rules), scanner=scanner, every=every, some=frozenset(some))


def what(selector: Selector, order: TrialOrder) -> Selector:
    """The part of a selector that says which tools, as far as the order says one."""
    kept: dict[str, object] = {} if not order.connector else {"connectors": selector.connectors}
    if order.connector and order.tool:
        kept |= {name: getattr(selector, name) for name in _OF_TOOLS}
    return Selector(**kept)  # type: ignore[arg-type]


def who(selector: Selector) -> bool:
    """Whether a selector is about some callers, hours or networks only."""
    return replace(selector, connectors=(), tools=(), packs=(), hints=Hints()) != Selector()
