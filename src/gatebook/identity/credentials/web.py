"""HTTP as the parts that speak OAuth see it: one request, one whole answer, no redirects. Who carries it is given from outside.

Addresses that a connector or its authorization server names are not believed blindly: https only, and never an address that lies nearer to this machine
than the connector's own, which an administrator chose. The guard looks at the peer of the connection, so a name cannot resolve otherwise later.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from gatebook.state.connector_credentials import is_secure

Reach = Literal["public", "private", "loopback"]
"""How near an address may lie: public only; private networks too; this machine too."""
T = TypeVar("T")
JSON_BYTES_MAX = 256 * 1024
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class WebError(Exception):
    """No answer that could be used. The text is for people and holds nothing secret."""


class Request(Struct, frozen=True, kw_only=True):
    """A request. Names of headers in lower case."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Answer(Struct, frozen=True, kw_only=True):
    """An answer. Names of headers in lower case, the first value of each."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


Fetch = Callable[[Request, Reach], Awaitable[Answer]]
"""Carries a request to an address within reach. Raises WebError."""


def reach_of(addresses: Iterable[str]) -> Reach:
    """How near a connector's own addresses lie."""
    found = {_nearness(address) for address in addresses}
    return "loopback" if "loopback" in found else "private" if "private" in found else "public"


def within(address: str, reach: Reach) -> bool:
    """Whether an address may be spoken to. Link-local addresses, where clouds keep their metadata, never."""
    near = _nearness(address)
    return near == "public" or (near == "private" and reach != "public") or (near == "loopback" and reach == "loopback")


def _nearness(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "nowhere"
    ip = _held(ip) if isinstance(ip, ipaddress.IPv6Address) else ip
    if ip.is_loopback:
        return "loopback"
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return "nowhere"
    return "public" if ip.is_global else "private"


def _held(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address to which one leads that holds another: mapped, 6to4, Teredo, and NAT64, by which networks without IPv4 reach public hosts."""
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def check_address(url: str, what: str) -> str:
    """Return an address that another server named. Raises WebError when nothing secret may go there."""
    if not is_secure(url) or not url.isascii() or any(character <= " " for character in url):
        raise WebError(f"the {what} is not an https:// address")
    return url


async def get_json(fetch: Fetch, url: str, reach: Reach, kind: type[T]) -> T | None:
    """GET a document; None when there is none. Raises WebError for one that is not of this form."""
    answer = await fetch(
        Request(method="GET", url=url, headers={"accept": "application/json", "mcp-protocol-version": "2026-07-28"}), reach
    )
    if answer.status >= 500:
        raise WebError(f"{url} answered HTTP {answer.status}")
    return read_json(answer, url, kind) if answer.status == 200 else None


async def post_form(fetch: Fetch, url: str, reach: Reach, fields: Mapping[str, str | None], headers: Mapping[str, str]) -> Answer:
    """POST a form. Raises WebError."""
    body = urlencode({name: value for name, value in fields.items() if value is not None}).encode()
    sent = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **headers}
    return await fetch(Request(method="POST", url=url, headers=sent, body=body), reach)


def read_json(answer: Answer, what: str, kind: type[T]) -> T:
    """Read a document. Raises WebError; the text holds nothing of the document."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise WebError(f"{what} did not answer as it should") from None


def encode(value: Any) -> bytes:
    """Write JSON."""
    return msgspec.json.encode(value)
