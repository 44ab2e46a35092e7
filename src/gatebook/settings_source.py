"""Where settings come from: the TOML file and the environment, with the place of every value for error texts.

Knows the tree of settings only by the struct that it is given. Never guesses a value.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from msgspec import Struct
from msgspec.structs import FieldInfo, fields

PREFIX = "GATEBOOK_"
_NOT_SETTINGS = frozenset({"GATEBOOK_CONFIG"})
# Kubernetes adds variables for every Service of the namespace; for one named `gatebook` they begin with our prefix.
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)")
_SERVICE_LINK_VALUE = re.compile(r"^(tcp|udp|sctp)://")
_SECTION_LINE = re.compile(r"^\s*\[\s*([A-Za-z0-9_-]+)\s*\]")


class SettingsError(ValueError):
    """A setting is wrong; the text says where, what, and what was probably meant."""


class Source(Struct, frozen=True):
    """Values as a tree of plain data, and the place of each by dotted name."""

    values: dict[str, Any]
    places: dict[str, str]

    def place(self, name: str) -> str:
        """Where the value with this dotted name came from."""
        return self.places.get(name) or self.places.get(name.split(".")[0], "settings")

    def overlaid(self, other: "Source") -> "Source":
        """Return both, with the values of `other` first."""
        values = dict(self.values)
        for name, value in other.values.items():
            below = values.get(name)
            values[name] = {**below, **value} if isinstance(below, dict) and isinstance(value, dict) else value
        return Source(values, {**self.places, **other.places})


def leaves(tree: type[Struct]) -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted name, in order of definition."""
    for field in fields(tree):
        section = _section(field)
        if section is None:
            yield field.name, field
        else:
            for inner in fields(section):
                yield f"{field.name}.{inner.name}", inner


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.replace(".", "_").upper()


def read_file(path: Path, tree: type[Struct]) -> Source:
    """Read a TOML file. Raises SettingsError for an unreadable file, a syntax error or an unknown key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    lines = _lines(text)
    known = {name for name, _ in leaves(tree)}
    sections = {name.split(".")[0] for name in known if "." in name}
    places: dict[str, str] = {}
    for key, value in values.items():
        inner = [f"{key}.{name}" for name in value] if key in sections and isinstance(value, dict) else [key]
        for name in inner:
            places[name] = f"{path}:{lines.get(name, lines.get(key, 1))}"
            if name not in known | sections:
                raise SettingsError(f"{places[name]}: unknown setting {name!r}{_nearest(name, known | sections)}")
    return Source(values, places)


def read_environment(environ: Mapping[str, str], tree: type[Struct]) -> Source:
    """Read `GATEBOOK_*`. Raises SettingsError for an unknown name or a text that is not of the setting's type."""
    known = {variable(name): (name, field) for name, field in leaves(tree)}
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for key, text in environ.items():
        if not key.startswith(PREFIX) or key in _NOT_SETTINGS or _SERVICE_LINK.search(key) or _SERVICE_LINK_VALUE.match(text):
            continue
        if key not in known:
            raise SettingsError(f"environment: unknown setting {key}{_nearest(key, set(known))}")
        name, field = known[key]
        places[name] = f"environment {key}"
        section, _, leaf = name.rpartition(".")
        target = values.setdefault(section, {}) if section else values
        target[leaf] = _parse(key, text, field)
    return Source(values, places)


def _parse(key: str, text: str, field: FieldInfo) -> Any:
    kind = base_type(field)
    try:
        if kind is bool:
            return {"true": True, "false": False}[text]
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
    except (KeyError, ValueError) as error:
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise SettingsError(f"environment {key}: expected {wanted}, found {text!r}") from error
    if kind is tuple:
        return tuple(item.strip() for item in text.split(",") if item.strip())
    return text


def base_type(field: FieldInfo) -> Any:
    """The plain type of a field, without its annotations: bool, int, float, tuple, or what it is."""
    kind = field.type
    while hasattr(kind, "__metadata__"):
        kind = kind.__origin__
    return get_origin(kind) if get_origin(kind) is tuple else kind


def _section(field: FieldInfo) -> type[Struct] | None:
    kind = base_type(field)
    return kind if isinstance(kind, type) and issubclass(kind, Struct) else None


def _nearest(name: str, known: set[str]) -> str:
    by_leaf = {item.rpartition(".")[2]: item for item in known}
    match = difflib.get_close_matches(name, known, n=1, cutoff=0.6) or [
        by_leaf[leaf] for leaf in difflib.get_close_matches(name.rpartition(".")[2], by_leaf, n=1, cutoff=0.7)
    ]
    return f"; did you mean {match[0]!r}?" if match else ""


def _lines(text: str) -> dict[str, int]:
    """Line of each key by dotted name. Good for the plain way of writing TOML; inline tables get the line of their key."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _SECTION_LINE.match(line):
            section = header[1]
            found.setdefault(section, number)
        elif "=" in line and not line.lstrip().startswith("#"):
            key = line.split("=", 1)[0].strip().strip("\"'")
            found.setdefault(f"{section}.{key}" if section else key, number)
    return found
