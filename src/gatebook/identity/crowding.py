"""How much strangers may have done for them in a while, so that none of them takes it from the others. In memory, of one process.

Nothing here locks anybody out: who is over the bound is told to wait, or is no longer written down one by one; each network is counted for itself.
"""

import ipaddress
import time
from collections.abc import Callable

_MAPPED = ipaddress.ip_network("::ffff:0:0/96")


class Crowd:
    """Counts within windows of `window_s`: so many for `each`, and so many for all of them together. `clock` is monotonic, in seconds."""

    def __init__(self, each: int, everybody: int, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = each
        self._everybody = everybody
        self._window_s = window_s
        self._clock = clock
        self._began_s = clock()
        self._counts: dict[str, int] = {}
        self._admitted = 0
        self._turned_away = 0

    def admit(self, who: str) -> bool:
        """Whether there is room for one more of them in this window."""
        self._roll()
        count = self._counts.get(who, 0)
        if count >= self._each or self._admitted >= self._everybody:
            self._turned_away += 1
            return False
        self._counts[who] = count + 1
        self._admitted += 1
        return True

    def take_turned_away(self) -> int:
        """How many were turned away since this was asked last."""
        found, self._turned_away = self._turned_away, 0
        return found

    def _roll(self) -> None:
        now_s = self._clock()
        if now_s - self._began_s >= self._window_s:
            self._began_s, self._admitted = now_s, 0
            self._counts.clear()


def network_of(ip: str) -> str:
    """Who counts as one: an IPv4 address, or the /64 of an IPv6 address, in which each customer of a provider has as many addresses as they like."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if address.version == 4:
        return str(address)
    if address in _MAPPED:
        return str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return str(ipaddress.ip_network((address, 64), strict=False))
