"""Requests to identity providers: bounded in time and size, without redirects, cookies or anybody's credentials but those given.

An administrator named the provider, so it may be anywhere, in a private network too. That is why this is not `oauth/guarded_fetch.py`, which reads what
strangers name and reaches the public internet alone; nor `gateway/upstream/fetching.py`, which goes as near as the connector does that named the address.

aiohttp is imported with the first request: a gateway worker whose identity providers issue no tokens stays as small as it was.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    import aiohttp

BODY_BYTES_MAX: Final = 512 * 1024
_TOTAL_S: Final = 10.0
_CONNECT_S: Final = 4.0
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "gatebook"}
_logger = logging.getLogger(__name__)


class ProviderFault(Exception):
    """A provider cannot be used now. `down`: it does not answer; else it, or its configuration here, is wrong. The text names no secret."""

    def __init__(self, text: str, *, down: bool = False) -> None:
        super().__init__(text)
        self.down = down


class Fetcher:
    """One pool of connections for all providers, made when first needed, on the loop that asks."""

    def __init__(self, total_s: float = _TOTAL_S) -> None:
        self._total_s = total_s
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, url: str, bearer: str | None = None) -> dict[str, Any]:
        """The JSON object at an address. Raises ProviderFault."""
        status, found = await self._ask("GET", url, headers={} if bearer is None else {"authorization": f"Bearer {bearer}"})
        if status != 200:
            raise ProviderFault(f"{_place(url)} answered with status {status}", down=status >= 500)
        return found

    async def post(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Post a form; returns status and JSON object, of a refusal too. Raises ProviderFault."""
        return await self._ask("POST", url, headers=headers, data=dict(fields))

    async def _ask(self, method: str, url: str, **options: Any) -> tuple[int, dict[str, Any]]:
        import aiohttp

        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._total_s, connect=min(_CONNECT_S, self._total_s))
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), headers=_HEADERS)
        try:
            async with self._session.request(method, url, allow_redirects=False, **options) as response:
                if 300 <= response.status < 400:
                    raise ProviderFault(f"{_place(url)} answered with a redirect, which is not followed")
                return response.status, await _object(response, url)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # The text of an error may quote the address with what stands in it, so only its kind goes on.
            _logger.warning("no answer from %s: %s", _place(url), type(error).__name__)
            raise ProviderFault(f"{_place(url)} does not answer", down=True) from error


async def _object(response: "aiohttp.ClientResponse", url: str) -> dict[str, Any]:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise ProviderFault(f"{_place(url)} sent more than {BODY_BYTES_MAX // 1024} KiB")
    try:
        return msgspec.json.decode(bytes(body), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderFault(
            f"{_place(url)} answered with status {response.status}, and not with a JSON object", down=response.status >= 500
        ) from error


def _place(url: str) -> str:
    """Scheme, host and path: what stands in a query is nobody's business."""
    return url.partition("?")[0][:200]
