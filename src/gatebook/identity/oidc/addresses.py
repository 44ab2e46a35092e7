"""Where a person returns to after sign-in: an address that comes from outside. Pure."""

import re

START = "/"
_LOCAL_CHARACTERS_MAX = 2000
# Visible ASCII only. Browsers drop tabs and line breaks from an address, and read a backslash as a slash.
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_NOT_BACK_TO = ("/login", "/logout", "/sign-in", "/sign-out", "/signed-out", "/idp/")


def is_local(path: str) -> bool:
    """Whether an address is a path on this host, whatever a browser makes of it."""
    return len(path) <= _LOCAL_CHARACTERS_MAX and _LOCAL.fullmatch(path) is not None


def back_to(path: str) -> str:
    """Where somebody goes after sign-in: a local path, but for the pages of sign-in themselves."""
    return START if path.startswith(_NOT_BACK_TO) else path
