"""Who asks, where TLS proxies stand in front: the last address of `X-Forwarded-For` that none of them is.

Each proxy adds, at the end, the address of its own peer. So from the end on what trusted proxies wrote is believed, and nothing before it, which the
asker may have written. Not uvicorn's own: that takes any text for an address, and this one goes into records and policies.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Scope = MutableMapping[str, Any]
_App = Callable[[_Scope, Any, Any], Awaitable[None]]
_HEADER: Final = b"x-forwarded-for"
_HOPS_MAX: Final = 50


class BehindProxies:
    """An app that is told who asks, and not which proxy. With no trusted networks it is the app alone (`behind`)."""

    def __init__(self, app: _App, trusted: Iterable[Network]) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: _Scope, receive: Any, send: Any) -> None:
        """Pass the request on."""
        peer = (scope.get("client") or ("",))[0]
        if scope["type"] == "http" and self._is_trusted(peer):
            said = b",".join(value for name, value in scope["headers"] if name == _HEADER)
            asker = self._asker(said.decode("latin-1"), peer)
            if asker != peer:
                scope = {**scope, "client": (asker, 0)}
        await self._app(scope, receive, send)

    def _asker(self, said: str, peer: str) -> str:
        """Who asks; the nearest that is known where something in between is no address."""
        for hop in reversed(said.split(",")[-_HOPS_MAX:]):
            address = _address(hop.strip())
            if address is None:
                return peer
            peer = address
            if not self._is_trusted(peer):
                return peer
        return peer

    def _is_trusted(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address.version == network.version and address in network for network in self._trusted)


def behind(app: _App, trusted: Iterable[str]) -> _App:
    """The app behind proxies at these addresses or networks. Raises ValueError where one is none."""
    networks = [ipaddress.ip_network(one) for one in trusted]
    return BehindProxies(app, networks) if networks else app


def _address(hop: str) -> str | None:
    """The address of a hop, which some proxies write with its port."""
    bare = hop[1:].partition("]")[0] if hop.startswith("[") else hop.partition(":")[0] if hop.count(":") == 1 else hop
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
