"""Carries requests of OAuth over the gateway's own HTTP client: one connection each, no redirects, and never to an address that is out of reach.

The gateway's client, because a worker renews tokens and must stay small; and because how near an address may lie depends on the connector that named it,
which neither the requests to identity providers nor those for documents of AI clients know.
"""

import asyncio
import socket
from urllib.parse import urlsplit

from gatebook.gateway.upstream.h1 import Pool, UpstreamError
from gatebook.identity.credentials.web import JSON_BYTES_MAX, Answer, Reach, Request, WebError, reach_of, within

_CONNECT_S = 5.0
_TOTAL_S = 10.0
_RESOLVE_S = 5.0


async def fetch(request: Request, reach: Reach) -> Answer:
    """Send one request and read the whole answer. Raises WebError."""
    host = urlsplit(request.url).netloc
    pool = Pool(request.url, connect_timeout_s=_CONNECT_S)
    pool.permits = lambda address: within(address, reach)
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in request.headers.items()]
    try:
        async with asyncio.timeout(_TOTAL_S):
            response = await pool.request(request.method, headers, request.body)
            # A connector that serves what was asked may answer with a stream that does not end; its status is all that is looked at then.
            streams = (response.header(b"content-type") or b"").startswith(b"text/event-stream")
            body = b"" if streams else await response.read(JSON_BYTES_MAX)
    except UpstreamError as error:
        raise WebError(f"{host}: {error}") from error
    except TimeoutError as error:
        raise WebError(f"{host} did not answer within {_TOTAL_S:g} s") from error
    finally:
        pool.close()
    named: dict[str, str] = {}
    for name, value in response.headers:
        named.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return Answer(status=response.status, headers=named, body=body)


async def reach_from(url: str) -> Reach:
    """How near the address lies that an administrator chose; as far as can be where it cannot be resolved."""
    host = urlsplit(url).hostname or ""
    try:
        async with asyncio.timeout(_RESOLVE_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return "public"
    return reach_of(str(each[4][0]) for each in found)
