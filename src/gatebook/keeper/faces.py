"""The apps on the console listener: health, API, console."""

from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from gatebook.control.server import show_health


class Faces(Struct, frozen=True):
    """`public` for the console listener; `api` alone for the unix socket."""

    public: ASGIApp
    api: ASGIApp | None


def build_faces() -> Faces:
    """Build the apps."""
    routes: list[BaseRoute] = [Route("/healthz", show_health)]
    return Faces(Starlette(routes=routes), None)
