"""Fingerprints."""

import pytest

from gatebook.dlp import fingerprint

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("detector", "one", "other"),
    [
        ("pii/credit_card", "4242 4242 4242 4242", "4242-4242-4242-4242"),
        ("pii/email", "Ann@Acme.com", "ann@acme.com"),
        ("pii/iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("pii/us_ssn", "536-22-1234", "536221234"),
        ("pii/phone_us", "(212) 736-5000", "212.736.5000"),
    ],
)
def test_one_value_has_one_fingerprint(detector: str, one: str, other: str) -> None:
    """Different writings of a value have the same fingerprint of 16 hex characters."""
    assert fingerprint(KEY, one, detector) == fingerprint(KEY, other, detector)
    assert len(bytes.fromhex(fingerprint(KEY, one, detector))) == 8


def test_detectors_of_one_kind_agree() -> None:
    """A number found with and without hyphens, or with and without country code, is one number."""
    assert fingerprint(KEY, "536-22-1234", "pii/us_ssn") == fingerprint(KEY, "536221234", "pii/us_ssn_nodash")
    assert fingerprint(KEY, "+1 212-736-5000", "pii/phone_intl") == fingerprint(KEY, "(212) 736-5000", "pii/phone_us")


def test_the_key_and_the_value_matter() -> None:
    """Another key, another value or another case of a secret is another fingerprint."""
    marks = {fingerprint(key, value, "secret/jwt") for key in (KEY, b"x") for value in ("abc", "Abc", "ab-c")}
    assert len(marks) == 6
