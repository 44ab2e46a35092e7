"""Bounds of what strangers may have done for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.crowding import Crowd, network_of


class Clock:
    """Seconds, moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        """The moved clock."""
        return self.now_s


def test_each_has_a_bound_of_their_own_until_the_window_is_over() -> None:
    """One who floods is turned away and counted; another is not touched by it."""
    clock = Clock()
    crowd = Crowd(2, 100, clock=clock)
    assert [crowd.admit("a") for _ in range(5)] == [True, True, False, False, False]
    assert crowd.admit("b") and crowd.take_turned_away() == 3 and crowd.take_turned_away() == 0
    clock.now_s = 59.9
    assert not crowd.admit("a")
    clock.now_s = 60.0
    assert crowd.admit("a")


def test_all_together_have_one_too_so_that_memory_does() -> None:
    """As many entries as were let in, however many came."""
    crowd = Crowd(2, 3, clock=Clock())
    assert sum(crowd.admit(str(number)) for number in range(1000)) == 3
    assert crowd.take_turned_away() == 997


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_addresses_of_one_customer_are_one(ip: str, network: str) -> None:
    """Whoever has an IPv6 network has it all."""
    assert network_of(ip) == network


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_nobody_gains_by_another_address_of_their_network(address: object, host: int) -> None:
    """But for mapped addresses of IPv4, which are other people's."""
    number = int(address)  # type: ignore[call-overload]
    other = type(address)(number >> 64 << 64 | host)  # type: ignore[call-arg]
    if number >> 64:
        assert network_of(str(address)) == network_of(str(other))
