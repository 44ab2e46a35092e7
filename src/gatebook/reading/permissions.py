"""What a person may do, and why: is the person active, what do policies say, is the definition of the tool approved; in that order, as the gateway
asks. The command line, the API and the console all ask here. No calls, no index.
"""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.policy.access import DEFAULT_DENY, TOOL_DEFINITION
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.explain import Explanation, Step, StepKind, explain
from gatebook.policy.reach import Reachable, reach
from gatebook.policy.request import HINTS, Hints, Request
from gatebook.policy.selectors import ToolPack
from gatebook.record.parts import Decision
from gatebook.state.checking import Draft
from gatebook.state.documents import Document
from gatebook.state.snapshot import Person

INACTIVE = "person/inactive"
_INACTIVE_REASON = "The person is not active: every token of theirs is refused."
_KINDS: dict[str, StepKind] = {"connector": "connector", "pack": "pack", "grant": "grant", "person": "person"}


class Asked(Struct, frozen=True, kw_only=True):
    """A call, as it could come. `arguments` is JSON text; `at_us` in microseconds since 1970."""

    connector: str
    tool: str
    arguments: bytes = b"{}"
    client: str = ""
    source_ip: str = "127.0.0.1"
    at_us: int


class Permissions:
    """One configuration, compiled, with the people of the directory. Takes time by the size of both; keep it as long as the revision holds."""

    def __init__(self, draft: Draft) -> None:
        self.stored = draft.stored
        self.bundle = Bundle.compile(draft.sources("draft" if draft.documents else draft.stored.bundle))
        self._connectors = draft.connectors
        self._hints = draft.hints()
        self._named = frozenset(name.lower() for name in _named(self.bundle.sources))

    @classmethod
    def read(cls, connection: Connection, documents: Sequence[Document] = ()) -> "Permissions":
        """Read state in the caller's transaction, with documents as if they were applied. Raises as `Draft` does, and BundleError."""
        return cls(Draft(connection, documents))

    def person(self, word: str) -> Person | None:
        """Somebody by id or e-mail address."""
        wanted = word.lower()
        people = self.stored.people
        return people.get(wanted) or next((one for one in people.values() if one.email and one.email == wanted), None)

    def known(self, connector: str) -> Collection[str]:
        """The tools that a connector has ever listed."""
        return self._hints.get(connector, {}).keys()

    def tools(self, person: Person, now_us: int) -> list[Reachable]:
        """What would come of calls of each known tool, connectors and tools by name."""
        known: dict[str, list[tuple[str, Hints]]] = {name: list(tools.items()) for name, tools in self._hints.items()}
        found = reach(self.bundle, self._request(person, now_us), known)
        if not person.active:
            return [replace(one, outcome="denied", rules=(INACTIVE,), reason=_INACTIVE_REASON) for one in found]
        return [self._pinned(one) for one in found]

    def likeness(self, person: Person) -> tuple[object, ...]:
        """Return what the outcomes of a person's tools depend on: whoever is alike in it may do the same. Most are, because few are named anywhere."""
        named = self._named & {person.id, person.email}
        return person.active, person.kind, frozenset(group.lower() for group in person.groups), person.id if named else ""

    def explain(self, person: Person, asked: Asked) -> Explanation:
        """Decide a call that nobody makes, and say why. Limits are taken as not reached, approvals as not given; guardrails are not asked."""
        if not person.active:
            decision = Decision(effect="blocked", rule=INACTIVE, bundle=self.bundle.sources.hash, reason=_INACTIVE_REASON)
            return Explanation(decision=decision, steps=(_step(INACTIVE, "person", True, "not active"),))
        found = explain(self.bundle, self.request(person, asked))
        decision, why = found.decision, self._unpinned(asked.connector, asked.tool)
        if decision.effect == "blocked":
            return Explanation(
                decision=decision, steps=(*found.steps, _step(TOOL_DEFINITION, "definition", False, "not asked: it is denied already"))
            )
        if why:
            decision = replace(decision, effect="blocked", rule=TOOL_DEFINITION, reason=why)
        step = _step(TOOL_DEFINITION, "definition", bool(why), why or "what the connector lists may be called")
        return Explanation(decision=decision, steps=(*found.steps, step))

    def request(self, person: Person, asked: Asked) -> Request:
        """What policy is asked about a call."""
        return replace(
            self._request(person, asked.at_us),
            connector=asked.connector,
            tool=asked.tool,
            client=asked.client,
            hints=self._hints.get(asked.connector, {}).get(asked.tool, HINTS),
            source_ip=asked.source_ip,
            arguments=asked.arguments,
        )

    def given(self, person: Person, connector: str, tool: str) -> bool:
        """Whether a person has been given a tool by its connector or a tool pack, whatever is denied. To anybody else it is as unknown as one that does not exist."""
        request = replace(self._request(person, 0), connector=connector, tool=tool)
        return self.bundle.grants.standing(request).connects

    def packs(self, person: Person) -> list[tuple[ToolPack, tuple[str, ...]]]:
        """The tool packs that a person is given, with the ids of the grants."""
        return list(self.bundle.grants.packs(self._request(person, 0)))

    def kind_of(self, rule: str) -> StepKind:
        """What sort of thing decided, by its id."""
        if rule == DEFAULT_DENY:
            return "default"
        if rule == TOOL_DEFINITION:
            return "definition"
        head, separator, _ = rule.partition("/")
        return _KINDS.get(head, "rule") if separator else "rule"

    def _request(self, person: Person, now_us: int) -> Request:
        return Request(connector="", person=person.id, email=person.email, kind=person.kind, groups=person.groups, time_us=now_us)

    def _pinned(self, one: Reachable) -> Reachable:
        if one.outcome == "denied" or not (why := self._unpinned(one.connector, one.tool)):
            return one
        return replace(one, outcome="denied", rules=(TOOL_DEFINITION,), reason=why)

    def _unpinned(self, connector: str, tool: str) -> str:
        """Return why the definition of a tool keeps it from being called, whatever the policies say; empty where it does not."""
        known, listing = self._connectors.get(connector), self.stored.listings.get(connector)
        mode = "none" if known is None else known.spec.tool_approval
        if mode == "none" or (mode == "first" and listing is None):
            return ""
        approved = self.stored.approved.get(connector, {}).get(tool)
        listed = None if listing is None else listing.tools.get(tool)
        if listing is not None and listed is None:
            return "The connector does not list it."
        if approved is None:
            return "Its definition waits for an administrator."
        return "" if approved.hash == listed else "Its definition is not the one that was approved."


def _named(sources: Sources) -> Iterator[str]:
    """Yield who is named by a grant or a policy."""
    for access in sources.access:
        yield from access.people
    for pack in sources.packs:
        yield from pack.people
    for rule in sources.rules:
        yield from (*rule.selector.people, *rule.selector.not_people, *rule.selector.service_accounts)
    for grant in sources.grants:
        yield grant.person


def _step(id: str, kind: StepKind, matched: bool, why: str) -> Step:
    return Step(id=id, kind=kind, effect="deny", matched=matched, why=why)
