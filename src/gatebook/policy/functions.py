"""The functions that conditions have beyond those of CEL. A ValueError makes the condition fail; its text holds no argument."""

import ipaddress
import re
from functools import lru_cache

from gatebook.policy.globs import matches

# One plain address. "boss@corp.example <eve@evil.example>" has two domains, so it has none that a rule could trust.
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@([^@\s<>,;:\"()\[\]\\]+)")
_TEXT_MAX = 4096

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def domain(email: str) -> str:
    """Return the domain of one e-mail address, in lower case and without a final dot. Raises ValueError for anything else."""
    found = _ADDRESS.fullmatch(email) if len(email) <= _TEXT_MAX else None
    if found is None:
        raise ValueError("domain() was given something that is not one e-mail address")
    return found[1].lower().rstrip(".")


def in_cidr(ip: str, net: str) -> bool:
    """Whether an address is in a network such as 10.0.0.0/8. Raises ValueError when either cannot be read."""
    return within(read_address(ip), read_network(net))


def glob(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern of `*` and `?`; case matters. Raises ValueError for a pattern of more than 4,096 characters."""
    if len(pattern) > _TEXT_MAX:
        raise ValueError("glob() was given a pattern that is too long")
    return matches(pattern, text)


def read_address(text: str) -> Address:
    """Read an address; an IPv4 address inside an IPv6 one is the IPv4 one. Raises ValueError."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("that is not an address") from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=1024)
def read_network(text: str) -> Network:
    """Read a network; bits beyond the mask must be zero. Raises ValueError with a sentence that names the text."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{text[:64]!r} is not a network such as 10.0.0.0/8") from None


def within(address: Address, network: Network) -> bool:
    """Whether an address is in a network; those of another version are not."""
    return address.version == network.version and address in network
