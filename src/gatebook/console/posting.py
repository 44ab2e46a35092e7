"""Forms that change something: accepted from this console's own pages only."""

from starlette.requests import Request

from gatebook.console import session
from gatebook.console.deps import ConsoleDeps

PAIRS_MAX = 3000


async def posted(request: Request, deps: ConsoleDeps, bytes_max: int = session.BODY_BYTES_MAX) -> dict[str, str] | None:
    """The fields of a form that one of our pages sent for this session; None for anything else, and for one that is too large."""
    if not session.same_origin(request, deps):
        return None
    fields = await session.form_of(request, bytes_max)
    if fields is None or not session.csrf_holds(session.secret_of(request, deps), fields.get("csrf", "")):
        return None
    return fields


async def posted_pairs(request: Request, deps: ConsoleDeps, fields_max: int = PAIRS_MAX) -> list[tuple[str, str]] | None:
    """The same of a form in which a name may come several times: each name with its value."""
    if not session.same_origin(request, deps):
        return None
    pairs = await session.pairs_of(request, fields_max)
    if pairs is None or not session.csrf_holds(session.secret_of(request, deps), dict(pairs).get("csrf", "")):
        return None
    return pairs
