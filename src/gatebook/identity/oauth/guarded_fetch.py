"""Reads a document at an address that somebody unknown has named, so that nothing of ours can be reached by it (SSRF).

The name is resolved once; every address that it has must be a public one, and the connection goes to these addresses and no other, so that a name
that answers differently the second time gains nothing. No redirect is followed, no proxy, cookie or credential is used, and size and time are short.

Stricter than the requests to identity providers (`issuers/fetching.py`) and to where connectors have their tokens from (`credentials/web.py`): there an
administrator chose the address, and it may lie in a private network.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

BYTES_MAX: Final = 64 * 1024
TIMEOUT_S: Final = 5.0
_PORT: Final = 443
_ADDRESSES_MAX: Final = 20
# What `is_global` lets through although it leads elsewhere: addresses that hold another one (NAT64, 6to4, Teredo, mapped), and relays.
_INDIRECT: Final = tuple(
    ipaddress.ip_network(net)
    for net in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24", "fec0::/10")
)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:$|[\s,])")


class FetchRefused(Exception):
    """The document was not read. The text is a sentence that tells nothing of what is in our network."""


class Fetched(Struct, frozen=True):
    """A document, and for how many seconds its server lets it be kept."""

    body: bytes
    max_age_s: int | None


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet and leads to itself."""
    inside = any(address.version == net.version and address in net for net in _INDIRECT)
    return address.is_global and not address.is_multicast and not inside


class GuardedFetch:
    """Reads JSON over https. Tests give it a network of their own: names, which addresses are public, the port, and certificates."""

    def __init__(
        self,
        resolve: Resolve | None = None,
        allowed: Callable[[Address], bool] = is_public,
        port: int = _PORT,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve = resolve or _system_resolve
        self._allowed = allowed
        self._port = port
        self._trust = trust

    async def get(self, url: str) -> Fetched:
        """The document at an https address with a host by name. Raises FetchRefused."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._get(url)
        except TimeoutError:
            raise FetchRefused(f"it did not answer within {TIMEOUT_S:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise FetchRefused("it could not be read") from None

    async def _get(self, url: str) -> Fetched:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or not host or parts.port not in (None, _PORT) or _is_address(host):
            raise FetchRefused("it is not at an https address with a host by name")
        pinned = _Pinned(await self._addresses(host))
        port = "" if self._port == _PORT else f":{self._port}"
        connector = aiohttp.TCPConnector(resolver=pinned, use_dns_cache=False, limit=1, force_close=True, ssl=self._trust or True)
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Gatebook"}
        async with session, session.get(f"https://{parts.netloc}{port}{parts.path}", headers=headers, allow_redirects=False) as answer:
            return await _read(answer)

    async def _addresses(self, host: str) -> list[str]:
        found = await self._resolve(host, self._port)
        if not found or len(found) > _ADDRESSES_MAX:
            raise FetchRefused("its host has no address")
        # One address that is not public among others is a trap, not a mistake.
        if not all(self._allowed(ipaddress.ip_address(text.partition("%")[0])) for text in found):
            raise FetchRefused("its host is not on the public internet")
        return found


async def _read(answer: aiohttp.ClientResponse) -> Fetched:
    if answer.status != 200:
        raise FetchRefused(
            f"its server answered {answer.status}" + (", and redirects are not followed" if 300 <= answer.status < 400 else "")
        )
    kind = answer.content_type.lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise FetchRefused("it is not JSON by its Content-Type")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchRefused("it came compressed, unasked")
    body = b""
    async for chunk in answer.content.iter_chunked(BYTES_MAX + 1):
        body += chunk
        if len(body) > BYTES_MAX:
            raise FetchRefused(f"it is larger than {BYTES_MAX} bytes")
    control = answer.headers.get("Cache-Control", "").lower()
    found = _MAX_AGE.search(control)
    return Fetched(body, 0 if "no-store" in control or "no-cache" in control else int(found[1]) if found else None)


class _Pinned(AbstractResolver):
    """Answers with the addresses that were checked, whatever is asked."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """The addresses; `host` is only what the certificate must name."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def _system_resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.rpartition(".")[2].isdigit()
    return True
