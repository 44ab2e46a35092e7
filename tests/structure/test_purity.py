"""The pure packages compute; what they may import is listed, so that a socket, file, clock or dice cannot creep in."""

import sys
from pathlib import Path

import pytest

from tests.structure.checkout import SOURCE, imported_modules, name_of

PURE = ("record", "policy", "dlp", "query")
ALLOWED = {
    "__future__",
    "abc",
    "base64",
    "collections",
    "dataclasses",
    "datetime",  # for its types; now() is refused below
    "difflib",
    "enum",
    "fnmatch",
    "fractions",
    "functools",
    "hashlib",
    "hmac",
    "inspect",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "msgspec",
    "operator",
    "re",
    "string",
    "typing",
    "unicodedata",
    "uuid",  # for reading one; making one is refused below
}
IMPURE_CALLS = ("datetime.now(", "datetime.utcnow(", "date.today(", "open(", "input(", "uuid.uuid1(", "uuid.uuid4(")

# One module and one import each, with the reason.
EXCEPTIONS = {("record/docs.py", "sys"): "prints the page when it is run as a program"}

FILES = [path for package in PURE for path in sorted((SOURCE / package).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_pure_packages_import_only_what_is_listed(path: Path) -> None:
    """A pure module imports the listed parts of the standard library, msgspec and other pure packages."""
    module = path.relative_to(SOURCE).as_posix()
    outside = {name for name in imported_modules(path) if not name.startswith(tuple(f"gatebook.{package}" for package in PURE))}
    extra = {name for name in outside if name.split(".")[0] not in ALLOWED and (module, name) not in EXCEPTIONS}
    assert not extra


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_pure_packages_read_no_clock_and_no_file(path: Path) -> None:
    """What built-ins could do without an import is not called either."""
    text = path.read_text()
    assert not [call for call in IMPURE_CALLS if f" {call}" in text or f"({call}" in text]


def test_the_list_holds_no_clock_socket_or_dice() -> None:
    """The list of allowed modules itself stays harmless."""
    assert not ALLOWED & {"asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess", "threading", "time"}
    assert not ALLOWED - sys.stdlib_module_names - {"msgspec"}
