"""Addresses that come from outside: where a person returns to, and the endpoints that a provider names. Pure."""

import ipaddress
import re
from urllib.parse import urlsplit

START = "/"
_LOCAL_CHARACTERS_MAX = 2000
# Visible ASCII only. Browsers drop tabs and line breaks from an address, and read a backslash as a slash.
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_NOT_BACK_TO = ("/login", "/logout", "/sign-in", "/sign-out", "/idp/")


def is_local(path: str) -> bool:
    """Whether an address is a path on this host, whatever a browser makes of it."""
    return len(path) <= _LOCAL_CHARACTERS_MAX and _LOCAL.fullmatch(path) is not None


def back_to(path: str) -> str:
    """Where somebody goes after sign-in: a local path, but for the pages of sign-in themselves."""
    return START if path.startswith(_NOT_BACK_TO) else path


def endpoint_fault(url: object, issuer: str) -> str | None:
    """What is wrong with an endpoint that a provider names; None when nothing is. Plain http is good for a provider on this machine only."""
    if not isinstance(url, str) or not url or len(url) > _LOCAL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return "is not an address"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "is not an address"
    if not host or parts.username is not None or parts.fragment:
        return "is not an address of a host alone"
    if parts.scheme == "https":
        return None
    if parts.scheme == "http" and urlsplit(issuer).scheme == "http" and is_loopback(host):
        return None
    return "does not begin with https://"


def is_loopback(host: str) -> bool:
    """Whether a host of an address is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
