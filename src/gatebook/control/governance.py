"""What the command line can ask about policies without changing anything: whether they fit together, what they decide, and why."""

import time
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal
from gatebook.policy.bundle import Bundle
from gatebook.policy.explain import explain
from gatebook.policy.reach import Reachable, reach
from gatebook.policy.request import HINTS, Hints, Request
from gatebook.state.checking import Draft
from gatebook.state.documents import Document, DocumentError, parse_documents
from gatebook.state.snapshot import Person
from gatebook.state.store import StateError


class Text(Struct, frozen=True):
    """One file of documents."""

    source: str
    text: str


class CheckOrder(Struct, frozen=True, kw_only=True):
    """Parameters of check: documents that would be applied; none: what is stored."""

    texts: list[Text] = []


class ExplainOrder(Struct, frozen=True, kw_only=True):
    """Parameters of explain: a call, as it could come. `arguments` is JSON text."""

    person: str
    connector: str
    tool: str
    arguments: str = "{}"
    client: str = ""
    source_ip: str = "127.0.0.1"
    at_us: int | None = None
    texts: list[Text] = []


class ReachOrder(Struct, frozen=True, kw_only=True):
    """Parameters of reach: a person of the directory."""

    person: str
    texts: list[Text] = []


def read_texts(texts: list[Text]) -> list[Document]:
    """Read all documents of some files. Raises DocumentError with every fault of all of them."""
    documents: list[Document] = []
    problems: list[str] = []
    for text in texts:
        try:
            documents.extend(parse_documents(text.text, text.source))
        except DocumentError as error:
            problems.extend(error.problems)
    if problems:
        raise DocumentError(problems)
    return documents


async def check(desk: Desk, order: CheckOrder, _caller: Principal) -> object:
    """Check documents against what is stored, and run all tests of policies. Raises DocumentError with everything that is wrong or fails."""
    with desk.store.read() as connection:
        draft = Draft(connection, read_texts(order.texts))
    warnings = draft.check()
    bundle = Bundle.compile(draft.sources())
    tests = sum(len(rule.tests) for rule in bundle.rules.values())
    return {"warnings": warnings, "policies": len(bundle.rules), "guardrails": len(draft.rules.guardrails), "tests": tests}


async def explained(desk: Desk, order: ExplainOrder, _caller: Principal) -> object:
    """Say what would be decided about a call, and why."""
    draft, person = _draft_of(desk, order.texts, order.person)
    try:
        msgspec.json.decode(order.arguments)
    except msgspec.MsgspecError as error:
        raise StateError(f"the arguments are not JSON: {error}") from error
    request = Request(
        connector=order.connector,
        tool=order.tool,
        person=person.id,
        email=person.email,
        kind=person.kind,
        groups=person.groups,
        client=order.client,
        hints=draft.hints().get(order.connector, {}).get(order.tool, HINTS),
        source_ip=order.source_ip,
        time_us=time.time_ns() // 1000 if order.at_us is None else order.at_us,
        arguments=order.arguments.encode(),
    )
    found = explain(Bundle.compile(draft.sources()), request)
    return {"decision": found.decision, "steps": found.steps, "person": person}


async def reachable(desk: Desk, order: ReachOrder, _caller: Principal) -> object:
    """Say for each known tool what a person may do with it."""
    draft, person = _draft_of(desk, order.texts, order.person)
    who = Request(
        connector="", person=person.id, email=person.email, kind=person.kind, groups=person.groups, time_us=time.time_ns() // 1000
    )
    tools: dict[str, list[tuple[str, Hints]]] = {name: list(known.items()) for name, known in draft.hints().items()}
    found = reach(Bundle.compile(draft.sources()), who, tools)
    return {"person": person, "tools": [_pinned(draft, one) for one in found]}


def _pinned(draft: Draft, one: Reachable) -> Reachable:
    """What the pins make of an answer: a tool whose definition is not the approved one cannot be called, whatever the policies say."""
    connector, stored = draft.connectors[one.connector], draft.stored
    listing = stored.listings.get(one.connector)
    if one.outcome == "denied" or listing is None or connector.spec.tool_approval == "none":
        return one
    approved = stored.approved.get(one.connector, {}).get(one.tool)
    if approved is not None and listing.tools.get(one.tool) == approved.hash:
        return one
    why = "The connector no longer lists it." if one.tool not in listing.tools else "Its definition waits for an administrator."
    return replace(one, outcome="denied", rules=("tool-definition",), reason=why)


def _draft_of(desk: Desk, texts: list[Text], person: str) -> tuple[Draft, Person]:
    with desk.store.read() as connection:
        draft = Draft(connection, read_texts(texts))
    wanted = person.lower()
    found = next((one for one in draft.stored.people.values() if wanted in (one.id, one.email)), None)
    if found is None:
        raise StateError(f"there is no person {person!r}; `gatebook token list` shows who there is")
    return draft, found


OPERATIONS: dict[str, tuple[type[Struct], Any]] = {
    "check": (CheckOrder, check),
    "explain": (ExplainOrder, explained),
    "reach": (ReachOrder, reachable),
}
