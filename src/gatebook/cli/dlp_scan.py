"""What detectors find in a file: JSON, lines of JSON, or any other text."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from gatebook.cli.main import Problem
from gatebook.dlp.detector import Detector
from gatebook.dlp.hit import Hit, Limits
from gatebook.dlp.redact import replacement
from gatebook.dlp.scanner import Scanner

BYTES_MAX = 64 << 20
# Much more than of a payload: nobody waits for a call here.
_LIMITS = Limits(scan_bytes_max=8 * BYTES_MAX, decode_bytes_max=BYTES_MAX, hits_max=1_000_000)
_FAULTS = {
    "too_deep": "nests deeper than what is scanned",
    "not_json": "is not what a parser of JSON accepts",
    "too_many": "holds more candidates than are examined",
    "too_large": "holds more than is scanned",
}


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value that was found. `place`: JSON pointer, or line and column from 1, or both with a space; `value` only where it was asked for."""

    detector: str
    severity: str
    place: str
    in_key: bool
    layers: tuple[str, ...]
    masked: str
    value: str | None = None


def read(name: str) -> bytes:
    """Read a file, or standard input for `-`. Raises Problem for one that is too large or no text, OSError."""
    if name == "-":
        content = sys.stdin.buffer.read(BYTES_MAX + 1)
    else:
        with Path(name).open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    label = "standard input" if name == "-" else name
    if len(content) > BYTES_MAX:
        raise Problem(f"{label} is larger than {BYTES_MAX >> 20} MiB")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(f"{label} is not UTF-8 text") from error
    return content


def scan(content: bytes, detectors: Iterable[Detector], *, show_values: bool) -> list[Found]:
    """Return what is found, in the order of the file. Raises Problem when it cannot be scanned to its end."""
    scanner = Scanner(detectors, _LIMITS)
    if _is_json(content):
        return [_found(scanner, hit, _pointer(hit, show_values), show_values) for hit in _hits(scanner, content, "the file")]
    lines = content.split(b"\n")
    if content[:1] in b"{[" and all(_is_json(line) for line in lines if line.strip()):
        return [
            _found(scanner, hit, f"line {number} {_pointer(hit, show_values)}".rstrip(), show_values)
            for number, line in enumerate(lines, 1)
            if line.strip()
            for hit in _hits(scanner, line, f"line {number}")
        ]
    text = content.decode("utf-8").removeprefix("\ufeff")
    hits = _hits(scanner, json.dumps(text, ensure_ascii=False).encode(), "the text")
    return [
        _found(scanner, hit, place, show_values)
        for hit, place in zip(hits, _lines(text, [hit.places[0].start for hit in hits]), strict=True)
    ]


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _hits(scanner: Scanner, payload: bytes, what: str) -> list[Hit]:
    scanned = scanner.scan(payload)
    if scanned.fault is not None:
        raise Problem(f"{what} {_FAULTS.get(scanned.fault, scanned.fault)}; a guardrail would block it")
    return sorted(scanned.hits, key=lambda hit: (hit.places[0].at, hit.places[0].start))


def _pointer(hit: Hit, show_values: bool) -> str:
    return hit.pointer if show_values else hit.safe_pointer


def _found(scanner: Scanner, hit: Hit, place: str, show_values: bool) -> Found:
    return Found(
        detector=hit.detector,
        severity=scanner.severity(hit.detector),
        place=place,
        in_key=hit.in_key,
        layers=hit.layers,
        masked=replacement(hit, "mask_last4", lambda _: ""),
        value=hit.value if show_values else None,
    )


def _lines(text: str, offsets: list[int]) -> Iterator[str]:
    """Yield line and column of ascending offsets."""
    line, begins, at = 1, 0, 0
    for offset in offsets:
        line += text.count("\n", at, offset)
        begins = max(begins, text.rfind("\n", at, offset) + 1)
        at = offset
        yield f"{line}:{offset - begins + 1}"
