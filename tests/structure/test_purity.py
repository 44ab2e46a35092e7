"""The pure packages compute; what they may import is listed, so that a socket, file, clock or dice cannot creep in."""

import sys
from pathlib import Path

import pytest

from tests.structure.checkout import SOURCE, imported_modules, name_of

PURE = ("record", "policy", "dlp", "query", "definitions")
ALLOWED = {
    "__future__",
    "abc",
    "base64",
    "bisect",
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
EXCEPTIONS = {
    ("record/docs.py", "sys"): "prints the page when it is run as a program",
    ("policy/cel_cpp.py", "cel_expr_python"): "the engine of conditions: computes on what it is given, bounded by a budget",
    ("policy/cel_cpp.py", "cel_expr_python.ext"): "the extensions of that engine",
    ("policy/cel_rust.py", "cel"): "the second engine of conditions, where the first has no wheel",
    ("policy/windows.py", "zoneinfo"): "reads a time zone when rules are compiled; it holds no clock",
    ("dlp/prefilter.py", "hyperscan"): "the engine of the prefilter",
    ("dlp/prefilter.py", "threading"): "the engine wants a scratch space for each thread; no thread is started",
    ("dlp/validators_contact.py", "phonenumbers"): "the telephone numbers that each country gives out",
    ("dlp/opaque.py", "binascii"): "decodes base64 without a copy",
    ("dlp/opaque.py", "zlib"): "unpacks what base64 hides, with a bound",
    ("dlp/validators_secret.py", "binascii"): "the error of base64",
    ("dlp/fold.py", "html"): "the names of entities",
}

# One package and one import each, with the reason.
PACKAGES = {
    ("dlp", "binascii"): "the error of base64, and hexadecimal text",
    ("dlp", "bisect"): "finds the token at an offset",
    ("dlp", "html"): "reads HTML entities",
    ("dlp", "hyperscan"): "the engine that searches for all detectors at once",
    ("dlp", "phonenumbers"): "tells numbers of telephones from other numbers, by data of its own",
    ("dlp", "threading"): "threading.local keeps the scratch space of hyperscan apart; no thread is started",
    ("dlp", "zlib"): "unpacks gzip within base64, bounded",
}

FILES = [path for package in PURE for path in sorted((SOURCE / package).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_pure_packages_import_only_what_is_listed(path: Path) -> None:
    """A pure module imports the listed parts of the standard library, msgspec and other pure packages."""
    module = path.relative_to(SOURCE).as_posix()
    outside = {name for name in imported_modules(path) if not name.startswith(tuple(f"gatebook.{package}" for package in PURE))}
    package = path.relative_to(SOURCE).parts[0]
    listed = ALLOWED | {name for owner, name in PACKAGES if owner == package}
    extra = {name for name in outside if name.split(".")[0] not in listed and (module, name) not in EXCEPTIONS}
    assert not extra


def test_nothing_is_listed_that_is_not_imported() -> None:
    """An exception whose import is gone is gone from the list."""
    imported = {(path.relative_to(SOURCE), name) for path in FILES for name in imported_modules(path)}
    modules = {(path.as_posix(), name) for path, name in imported}
    packages = {(path.parts[0], name.split(".")[0]) for path, name in imported}
    assert set(EXCEPTIONS) <= modules
    assert set(PACKAGES) <= packages


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_pure_packages_read_no_clock_and_no_file(path: Path) -> None:
    """What built-ins could do without an import is not called either."""
    text = path.read_text()
    assert not [call for call in IMPURE_CALLS if f" {call}" in text or f"({call}" in text]


def test_the_list_holds_no_clock_socket_or_dice() -> None:
    """The list of allowed modules itself stays harmless."""
    assert not ALLOWED & {"asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess", "threading", "time"}
    assert not ALLOWED - sys.stdlib_module_names - {"msgspec"}
