"""Where an authorization response may be sent. Pure.

Rules: RFC 6749 section 3.1.2, RFC 8252 sections 7 and 8.4, RFC 9700 section 4.1: compared as text, except for the port of a loopback address.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

LENGTH_MAX: Final = 2000
COUNT_MAX: Final = 20
# A private scheme runs a program on the person's computer, and some of those do harm; so these are listed, beside reversed domain names.
_APPS: Final = frozenset({"cursor", "vscode", "vscode-insiders", "windsurf", "zed"})
_REVERSED_DOMAIN = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_TEXT = re.compile(r"[!-~]+")
_UNSAFE = frozenset("\"'<>\\^`{}|;,")


def fault(uri: str) -> str | None:
    """What is wrong with an address that a client wants people sent back to; None when nothing is."""
    if len(uri) > LENGTH_MAX:
        return f"is longer than {LENGTH_MAX} characters"
    if not _TEXT.fullmatch(uri) or _UNSAFE & set(uri):
        return "holds characters that an address must not have"
    try:
        parts = urlsplit(uri)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "is not an address"
    if "#" in uri:
        return "must have no fragment"
    if parts.username is not None or parts.password is not None:
        return "must have no user name"
    if parts.scheme in _APPS or _REVERSED_DOMAIN.fullmatch(parts.scheme):
        return None if uri.lower().startswith(f"{parts.scheme}:/") else f"must begin with {parts.scheme}:/"
    if parts.scheme not in ("https", "http"):
        return "must begin with https://, with http:// and a loopback address, or with the scheme of an app"
    if not _is_host(host) or port == 0:
        return "must name a host"
    return "must begin with https://; http:// is for a loopback address only" if parts.scheme == "http" and not _loopback(host) else None


def matches(registered: Iterable[str], asked: str) -> bool:
    """Whether an address is one of those that are registered; of a loopback address any port will do (RFC 8252 section 7.3)."""
    known = list(registered)
    if asked in known:
        return True
    if fault(asked) is not None or not is_loopback(asked):
        return False
    wanted = _portless(urlsplit(asked))
    return any(is_loopback(one) and _portless(urlsplit(one)) == wanted for one in known)


def is_loopback(uri: str) -> bool:
    """Whether an address that has no fault leads to a program on the person's own computer by HTTP."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and _loopback(parts.hostname or "")


def is_web(uri: str) -> bool:
    """Whether an address that has no fault leads to a web site."""
    return urlsplit(uri).scheme == "https"


def host_of(uri: str) -> str:
    """What people are told of an address that has no fault: its host and port, or the scheme of the app."""
    parts = urlsplit(uri)
    return parts.netloc.lower() if parts.scheme in ("https", "http") else f"{parts.scheme}:"


def source_of(uri: str) -> str:
    """An address that has no fault as a source of a content security policy."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.lower()}" if parts.scheme in ("https", "http") else f"{parts.scheme}:"


def answered(uri: str, values: Iterable[tuple[str, str | None]]) -> str:
    """The address with the values of a response added to its query."""
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in values if value is not None)
    return f"{uri}{'&' if urlsplit(uri).query else '?' if '?' not in uri else ''}{added}"


def _portless(parts: SplitResult) -> tuple[str, str, str]:
    return (parts.hostname or "", parts.path or "/", parts.query)


def _is_host(host: str) -> bool:
    if _HOST.fullmatch(host):
        return True
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
