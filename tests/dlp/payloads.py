"""What the tests of the scanner share: one scanner with all detectors, and ways to hide a text."""

import base64
import gzip
import json
import quopri
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

from gatebook.dlp import BUILT_IN, Scanned, Scanner

EMAIL = "ann.miller@acme.com"
CARD = "4242 4242 4242 4242"
IBAN = "DE89 3704 0044 0532 0130 00"


@cache
def scanner() -> Scanner:
    """All built-in detectors."""
    return Scanner(BUILT_IN.values())


def scan(value: object) -> Scanned:
    """Scan a value as JSON."""
    return scanner().scan(payload(value))


def payload(value: object) -> bytes:
    """Return a value as JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")


def found(value: object) -> set[str]:
    """Return the ids of the detectors that find something in a value."""
    outcome = scan(value)
    assert outcome.fault is None
    return {hit.detector for hit in outcome.hits}


def escaped(text: str) -> str:
    """Return a JSON string in which every character is an escape."""
    units = text.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[place]:02x}{units[place + 1]:02X}" for place in range(0, len(units), 2)) + '"'


HIDDEN: dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps({"x": text}),
    "json in json": lambda text: json.dumps({"x": json.dumps(["first\nline", text])}),
    "json in json in json": lambda text: json.dumps([json.dumps({"x": json.dumps({"y": "first\n" + text})})]),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(f"{text} ?>~".encode()).decode().rstrip("="),
    "base64 in lines": lambda text: base64.encodebytes(("The following was sent to the customer. " * 3 + text).encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(f"a note: {text}".encode())).decode(),
    "data uri": lambda text: "data:text/plain;base64," + base64.b64encode(text.encode()).decode(),
    "gzip": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex apart": lambda text: text.encode().hex(" "),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "percent, usual": lambda text: quote(text, safe=""),
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "hex entities": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "escapes": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "quoted-printable": lambda text: (
        quopri.encodestring(f"Betrag über {text}".replace("@", "=40").encode()).decode().replace("=3D40", "=40")
    ),
    "wide": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
    "zero width": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: "\u00ad".join(text),
    "combining": lambda text: "\u0336".join(text),
    "hyphen U+2011": lambda text: text.replace("-", "\u2011").replace(" ", "\u00a0"),
    "tags": lambda text: "".join(chr(0xE0000 + ord(char)) for char in text),
    "newline before": lambda text: "first line\n" + text,
    "tab before": lambda text: "name\t" + text,
    "markdown": lambda text: f"| name | value |\n|---|---|\n| x | {text} |",
}
