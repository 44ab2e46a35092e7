"""What is no secret."""

import pytest

from gatebook.dlp.placeholders import classes, entropy_bits, is_placeholder, is_reference, is_words


@pytest.mark.parametrize(
    "value",
    [
        "changeme",
        "${VAR}",
        "<token>",
        "xxxxxxxx",
        "your-api-key-here",
        "********",
        "[redacted:jwt]",
        "{{ secret }}",
        "AKIAIOSFODNN7EXAMPLE",
        "aaaaaaaaaaaa",
    ],
)
def test_placeholders(value: str) -> None:
    """Documentation values, references and masks."""
    assert is_placeholder(value)


@pytest.mark.parametrize("value", ["Tr0ub4dor-3xK", "k3Lm9Qp2Rt7Vx1Zb5Nd8Fh4J", "9f86d081884c7d659a2feaa0c55ad015"])
def test_random_values_are_neither(value: str) -> None:
    """A real secret is no placeholder, no reference and no word."""
    assert not is_placeholder(value) and not is_reference(value) and not is_words(value)


@pytest.mark.parametrize("value", ["/run/secrets/db", "https://acme.com/x", "config.api_key", "2026-03-01", "1.2.3", "C:\\keys\\x"])
def test_references(value: str) -> None:
    """Paths, URLs, names in code, dates and versions."""
    assert is_reference(value)


@pytest.mark.parametrize("value", ["reset", "correct-horse-battery", "getUserToken", "API_KEY_NAME", "Please"])
def test_words(value: str) -> None:
    """Words and identifiers."""
    assert is_words(value)


def test_measures() -> None:
    """Entropy is in bits per character; classes are counted."""
    assert entropy_bits("aabb") == 1.0
    assert classes("aB1-") == 4
