"""Which calls a question may count, when it tells them apart by a field: those in which that field is visible. Pure."""

import hashlib
from typing import Final

from gatebook.identity.access import Access
from gatebook.query import Query
from gatebook.query.confining import HiddenField, rows_of
from gatebook.query.groups import GROUPS
from gatebook.query.tree import Shown
from gatebook.state.roles import SCOPES

OUTCOME: Final = "outcome"
ENDED: Final = "ended"
"""The outcome without what governance changed: for who does not see decisions wherever they see calls."""

MEASURE_FIELD: Final[dict[str, str]] = {
    "count": "call",
    "errors": "status",
    "blocked": "status",
    "redacted": "decision",
    "p50_us": "duration",
    "p95_us": "duration",
    "bytes_in": "bytes_in",
    "bytes_out": "bytes_out",
    "returned": "returned",
    "people": "subject",
    "sessions": "session",
    "first_us": "time",
    "last_us": "time",
    "decided": "rule",
    "findings": "finding",
}
"""The field that each measure is made of. One that is not visible in all calls that are listed is not counted at all."""


def where_shown(access: Access, query: Query, field: str) -> Query:
    """The query for those of its calls in which a field is visible; the same one where it is in all. Raises HiddenField."""
    if access.is_whole:
        return query
    seen = access.rows_of(field)
    if seen is None or seen == access.whole:
        return query
    if not seen:
        raise HiddenField(field)
    return Query(query.text, Shown((rows_of(seen), query.tree)))


def told_apart(access: Access, query: Query, by: str) -> tuple[Query, str]:
    """The query and the field for calls that are told apart by `by`, a field or the outcome. Raises HiddenField."""
    if by != OUTCOME:
        return where_shown(access, query, by), by
    return where_shown(access, query, "status"), OUTCOME if access.shows_wherever_listed("decision") else ENDED


def countable(access: Access, measures: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the measures that are made of what is visible in every call that is listed."""
    return tuple(name for name in measures if access.shows_wherever_listed(MEASURE_FIELD[name]))


def shown_by(access: Access) -> dict[str, str]:
    """What an access shows, in a form that can be kept beside what was made with it: whose calls by group, by single field, and which team."""
    fields = {f"metadata:{field}": scope for field, scope in access.shown.fields.items()}
    found: dict[str, str] = {**{group: access.scope(group) for group in GROUPS}, **fields}
    if "team" in found.values():
        found["team"] = hashlib.sha256("\n".join(sorted(access.team)).encode()).hexdigest()[:16]
    return found


def still_shown(kept: dict[str, str], access: Access) -> bool:
    """Whether an access still shows all that was shown when `shown_by` was kept. A team must be the same people, or everybody."""
    now = shown_by(access)
    for name, scope in kept.items():
        if name == "team":
            continue
        given = now.get(name, now["metadata"] if name.startswith("metadata:") else "none")
        if SCOPES.index(given) < SCOPES.index(scope):
            return False
        if scope == given == "team" and kept.get("team") != now.get("team"):
            return False
    return True
