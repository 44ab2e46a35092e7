"""Guardrails as they are in force, and as a draft would make them: compiled, ready to look at payloads. Changes nothing."""

import time
from collections.abc import Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace

from gatebook.gateway.guards import Guarding, Scanners
from gatebook.policy.bundle import Bundle
from gatebook.policy.request import Hints
from gatebook.reading.backtesting import Side
from gatebook.state.checking import Draft
from gatebook.state.documents import parse_documents
from gatebook.state.store import Store

_KEY = bytes(32)
"""What is hashed with it is not shown as that of any value: so nobody can try values until the token of the deployment comes out."""


class DraftedGuardrails(Struct, frozen=True, kw_only=True):
    """What is compared. `hints`: what tools say of themselves, by connector and tool; `names`: ids of all guardrails of both."""

    before: Side
    after: Side
    hints: Mapping[str, Mapping[str, Hints]]
    names: frozenset[str]


def draft_guardrails(store: Store, text: str, deleted: Collection[tuple[str, str]] = ()) -> DraftedGuardrails:
    """Compile what is in force, and what would be with the documents of `text` applied and `deleted`, (kind, name), gone.

    The budget of time of a scan is that of the thread, which shares its processor.
    Raises DocumentError, StateError."""
    documents = parse_documents(text, "draft")
    with store.read() as connection:
        before, after = Draft(connection), Draft(connection, documents, deleted)
    after.check(tests=False)
    scanners = Scanners(time.thread_time)
    return DraftedGuardrails(
        before=_side(before, scanners),
        after=_side(after, scanners),
        hints=after.hints(),
        names=frozenset({*before.rules.guardrails, *after.rules.guardrails}),
    )


def _side(draft: Draft, scanners: Scanners) -> Side:
    bundle = Bundle.compile(draft.sources())
    return Side(Guarding(replace(draft.stored, rules=draft.rules), bundle, scanners, _KEY), bundle)
