"""What nearly was a find is named with its reason."""

import json

import pytest

from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.near import near_misses
from gatebook.dlp.scanner import Scanner

DETECTORS = ("pii/credit_card", "pii/iban", "pii/swift_bic", "pii/email")
SCANNER = Scanner(BUILT_IN[name] for name in DETECTORS)


def missed(text: str) -> list[tuple[str, str, str]]:
    """Detector, reason and value of what nearly was found."""
    payload = json.dumps({"text": text}).encode()
    return [(one.detector, one.why, one.value) for one in near_misses(SCANNER, payload, DETECTORS)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("card 4111 1111 1111 1112", ("pii/credit_card", "check", "4111 1111 1111 1112")),
        ("DE89370400440532013001", ("pii/iban", "check", "DE89370400440532013001")),
        ("see DEUTDEFF500", ("pii/swift_bic", "context", "DEUTDEFF500")),
    ],
)
def test_a_candidate_that_fails_is_named(text: str, wanted: tuple[str, str, str]) -> None:
    """By its checksum, or because no word of the detector stands near."""
    assert wanted in missed(text)


def test_what_is_found_is_not_near() -> None:
    """A value that passes is a find, and a text without candidates has no near misses."""
    assert not missed("4111 1111 1111 1111") and not missed("bic DEUTDEFF500") and not missed("nothing")


def test_many_candidates_end_somewhere() -> None:
    """Hostile text costs no more than a limit, and gives a few of each detector."""
    assert len(missed(" ".join(f"4111 1111 1111 {number:04}" for number in range(3_000)))) <= 10
