"""Faults of detectors that people write."""

from typing import Any

import pytest

from gatebook.dlp import BUILT_IN, Detector, check


def own(**changes: Any) -> Detector:
    """A good detector with something changed."""
    fields: dict[str, Any] = {
        "id": "custom/employee",
        "severity": "low",
        "title": "Employee",
        "pattern": r"\bE-\d{6}\b",
        "examples": ("E-104233",),
        "non_examples": ("E-1",),
    }
    return Detector(**(fields | changes))


def test_a_good_detector_has_no_fault() -> None:
    """Nothing is said about what can be used."""
    assert check(own()) == []
    assert check(own(probe=r"E-\d{6}", context=("employee",), examples=("employee E-104233",))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "employee"}, "custom/<name>"),
        ({"pattern": r"(E-\d{6}"}, "does not compile"),
        ({"pattern": r"(?<=x)E-\d{6}"}, "do not know"),
        ({"pattern": r"(E)-\1"}, "do not know"),
        ({"pattern": r"(a+)+$"}, "very long"),
        ({"pattern": r"(?:\d+\s*)*x"}, "very long"),
        ({"pattern": r"E-\d*|"}, "matches empty text"),
        ({"pattern": r"E{1,5000}"}, "more than 1000 times"),
        ({"pattern": "E" * 2000}, "longer than"),
        ({"examples": ("X-1",)}, "is not found"),
        ({"non_examples": ("E-104234",)}, "is found"),
        ({"examples": ()}, "no example"),
        ({"validator": "ibam"}, "Did you mean 'iban'"),
        ({"probe": "(("}, "probe does not compile"),
    ],
)
def test_faults_are_sentences(changes: dict[str, Any], said: str) -> None:
    """Each fault is named in a sentence."""
    faults = check(own(**changes))
    assert any(said in fault for fault in faults) and all(fault.endswith((".", "?")) for fault in faults)


def test_built_in_patterns_are_safe_by_the_same_rules() -> None:
    """Only the id and the length distinguish a built-in detector from one that people may write; a few patterns are larger or repeat in ways that are bounded."""
    unsafe = {name for name, detector in BUILT_IN.items() if any("do not know" in fault or "empty" in fault for fault in check(detector))}
    assert unsafe == set()
