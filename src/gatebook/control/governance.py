"""What the command line can ask about policies without changing anything: whether they fit together, what they decide, and why."""

import time
from typing import Any

import msgspec
from msgspec import Struct

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal
from gatebook.policy.bundle import Bundle
from gatebook.reading.permissions import Asked, Permissions
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
    permissions, person = _permissions(desk, order.texts, order.person)
    try:
        msgspec.json.decode(order.arguments)
    except msgspec.MsgspecError as error:
        raise StateError(f"the arguments are not JSON: {error}") from error
    asked = Asked(
        connector=order.connector,
        tool=order.tool,
        arguments=order.arguments.encode(),
        client=order.client,
        source_ip=order.source_ip,
        at_us=time.time_ns() // 1000 if order.at_us is None else order.at_us,
    )
    found = permissions.explain(person, asked)
    return {"decision": found.decision, "steps": found.steps, "person": person}


async def reachable(desk: Desk, order: ReachOrder, _caller: Principal) -> object:
    """Say for each known tool what a person may do with it."""
    permissions, person = _permissions(desk, order.texts, order.person)
    return {"person": person, "tools": permissions.tools(person, time.time_ns() // 1000)}


def _permissions(desk: Desk, texts: list[Text], person: str) -> tuple[Permissions, Person]:
    with desk.store.read() as connection:
        permissions = Permissions.read(connection, read_texts(texts))
    found = permissions.person(person)
    if found is None:
        raise StateError(f"there is no person {person!r}; `gatebook token list` shows who there is")
    return permissions, found


OPERATIONS: dict[str, tuple[type[Struct], Any]] = {
    "check": (CheckOrder, check),
    "explain": (ExplainOrder, explained),
    "reach": (ReachOrder, reachable),
}
