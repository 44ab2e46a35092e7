"""What a person prefers, kept under their name: columns, density, whether single keys work."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatebook.console.deps import ConsoleDeps
from gatebook.console.posting import posted
from gatebook.reading.saved import Conflict, SavedError
from gatebook.reading.viewer import Viewer

NAMES = frozenset({"columns", "density", "keys"})
_VALUE_CHARACTERS_MAX = 1000


class Preferences:
    """Handler of `/preferences`."""

    def __init__(self, deps: ConsoleDeps) -> None:
        self._deps = deps

    async def keep(self, request: Request, viewer: Viewer) -> Response:
        """Keep one preference; an empty value forgets it."""
        fields = await posted(request, self._deps)
        name, value = (fields or {}).get("name", ""), (fields or {}).get("value", "")
        if name not in NAMES or len(value) > _VALUE_CHARACTERS_MAX:
            return Response("This is not a preference", 400, media_type="text/plain")
        try:
            if value:
                await self._deps.shelf.prefer(viewer, f"console.{name}", msgspec.json.encode(value).decode())
            else:
                await self._deps.shelf.forget(viewer, f"console.{name}")
        except (SavedError, Conflict) as error:
            return Response(str(error), 400, media_type="text/plain")
        return Response(status_code=204)

    async def load(self, request: Request, viewer: Viewer) -> None:
        """Put the viewer's preferences beside the request, for `of`."""
        held = await self._deps.shelf.preferences(viewer)
        request.state.preferences = {name: _text(held[f"console.{name}"]) for name in NAMES if f"console.{name}" in held}


def of(request: Request) -> Mapping[str, str]:
    """The preferences of who made the request; none before `load`."""
    found: Mapping[str, str] = getattr(request.state, "preferences", {})
    return found


def _text(value: str) -> str:
    try:
        return msgspec.json.decode(value, type=str)
    except msgspec.MsgspecError:
        return ""
