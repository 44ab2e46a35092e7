"""The scanner that is judged: the product's own, with all detectors that it brings."""

from collections.abc import Iterable

from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.scanner import Scanner
from tests.dlp.labelled.judging import Finding, Scan


class Refused(Exception):
    """The payload was not scanned to its end; the gateway blocks such a call."""


def scan() -> Scan:
    """Return a function that gives the detectors and values found in a JSON text. It raises Refused with the fault of what it could not scan."""
    scanner = Scanner(BUILT_IN.values())

    def find(body: bytes) -> Iterable[Finding]:
        scanned = scanner.scan(body)
        if scanned.fault is not None:
            raise Refused(scanned.fault)
        return [(hit.detector, hit.value) for hit in scanned.hits]

    return find
