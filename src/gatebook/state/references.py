"""Values in a connector that may be secret: `env:NAME` or `file:/path`, optionally after a scheme as in `Bearer env:NAME`.

The stored configuration holds the reference, never the secret. Nothing here puts a value into an error text.
"""

import re
from collections.abc import Mapping
from pathlib import Path

_REFERENCE = re.compile(r"^(?:(?P<scheme>[A-Za-z][A-Za-z0-9-]{0,15}) )?(?P<kind>env|file):(?P<target>\S+)$")
_SECRET_NAME = re.compile(r"auth(?!or(?!iz))|cookie|token|secret|passw|credential|api-?_?key|private|session", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"^(Bearer|Basic) |^(sk-|ghp_|gho_|github_pat_|glpat-|xox[abprs]-|AKIA|eyJ|gw_(?:pat|svc|oat|ort|scim)_)|-----BEGIN "
)
_ADDRESS = re.compile(
    r"(?P<scheme>postgres(?:ql)?)://(?:(?P<user>[^:@/?#\s]*)(?P<password>:[^:@/?#\s]*)?@)?"
    r"(?P<where>(?:\[[0-9A-Fa-f:.]+\]|[\w.%-]*)(?::\d*)?(?:,(?:\[[0-9A-Fa-f:.]+\]|[\w.%-]*)(?::\d*)?)*(?:/[^@:?#\s]*)?)(?:\?(?P<query>[^@\s]*))?"
)
_SHOWN = {"host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "passfile", "target_session_attrs"}
_FILE_BYTES_MAX = 64 * 1024


class SecretUnavailable(Exception):
    """A reference leads nowhere. The text names the reference, which is not secret."""


def is_reference(value: str) -> bool:
    """Whether the value points to a secret instead of being one."""
    return _REFERENCE.match(value) is not None


def looks_secret(name: str, value: str) -> bool:
    """Whether a plain value must not be stored, by the name of its header or variable or by its own shape."""
    return not is_reference(value) and bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def without_password(address: str) -> str:
    """An address of a database for people to see; one that is not written plainly is hidden whole, and a reference stays as it is."""
    if not address or is_reference(address):
        return address
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return "postgresql://***"
    account = f"{match['user']}{':***' if match['password'] else ''}@" if match["user"] is not None else ""
    asked = [part.partition("=") for part in (match["query"] or "").split("&") if part]
    query = "&".join(f"{name}={value}" if name in _SHOWN else "***" for name, _, value in asked)
    return f"{match['scheme']}://{account}{match['where']}{'?' if query else ''}{query}"


def resolve(value: str, environ: Mapping[str, str]) -> str:
    """Return the value to send: a plain value as it is, a reference with what it points to. Raises SecretUnavailable."""
    match = _REFERENCE.match(value)
    if match is None:
        return value
    found = _from_file(Path(match["target"])) if match["kind"] == "file" else environ.get(match["target"])
    if not found:
        raise SecretUnavailable(f"{match['kind']}:{match['target']} is not set or is empty")
    if any(character in found for character in "\r\n\0"):
        raise SecretUnavailable(f"{match['kind']}:{match['target']} holds a line break or a zero byte")
    return f"{match['scheme']} {found}" if match["scheme"] else found


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnavailable(f"file:{path} cannot be read") from error
