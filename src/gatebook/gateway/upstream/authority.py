"""With what a request to a connector proves itself: headers that are fixed, or a credential that is looked up and renewed."""

from typing import Protocol

from gatebook.gateway.upstream.exchange import Headers
from gatebook.gateway.upstream.h1 import Pool, Response
from gatebook.record.parts import Credential

_DETAIL_BYTES_MAX = 64 * 1024


class Authority(Protocol):
    """The credential of one connector for one person, or for everybody."""

    headers: Headers
    credential: Credential

    async def ready(self) -> None:
        """Make `headers` good for a request now. Raises Refusal when there is no credential to be had."""
        ...

    async def refused(self, response: Response, sent: Headers) -> bool:
        """The connector answered 401 or 403 to what was `sent`: whether the same request shall be sent again with what `headers` are now. Raises Refusal."""
        ...


class Fixed:
    """Headers that the configuration says."""

    def __init__(self, headers: Headers, credential: Credential) -> None:
        self.headers = headers
        self.credential = credential

    async def ready(self) -> None:
        """There is nothing to do."""

    async def refused(self, response: Response, sent: Headers) -> bool:
        """There is nothing else to try."""
        return False


async def request(
    pool: Pool, authority: Authority, method: str, headers: Headers, body: bytes = b"", target: bytes | None = None
) -> Response:
    """Send a request under an authority. Raises UpstreamError, Refusal.

    It is sent a second time only where the connector refused the credential, before anything of an answer was passed on: what was refused did not run.
    """
    await authority.ready()
    sent = authority.headers
    response = await pool.request(method, _merged(headers, sent), body, target)
    if response.status not in (401, 403) or not await authority.refused(response, sent):
        return response
    await response.read(_DETAIL_BYTES_MAX)
    return await pool.request(method, _merged(headers, authority.headers), body, target)


def _merged(headers: Headers, own: Headers) -> Headers:
    names = {name for name, _ in own}
    return [*(pair for pair in headers if pair[0] not in names), *own]
