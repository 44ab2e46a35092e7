"""The one address of credentials that is for machines: the client ID metadata document, which authorization servers fetch to know who Gatebook is."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gatebook.identity.credentials.connecting import DOCUMENT, Connecting


def routes(connecting: Connecting) -> list[BaseRoute]:
    """Routes of the console listener."""

    async def show(_request: Request) -> Response:
        return JSONResponse(connecting.document(), headers={"cache-control": "public, max-age=3600"})

    return [Route(DOCUMENT, show, methods=["GET"])]
