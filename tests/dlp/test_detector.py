"""Selecting detectors."""

import pytest

from gatebook.dlp import BUILT_IN, select


def test_patterns_select_ids() -> None:
    """Families, bare names, full ids and everything, in the order of the catalogue."""
    assert len(select(["secret/*"], BUILT_IN)) == 43
    assert select(["iban", "pii/credit_card", "credit_card"], BUILT_IN) == ("pii/credit_card", "pii/iban")
    assert select(["*"], BUILT_IN) == tuple(BUILT_IN)


@pytest.mark.parametrize(("wrong", "nearest"), [("pii/ibann", "pii/iban"), ("creditcard", "credit_card"), ("secrets/*", "secret/*")])
def test_an_unknown_pattern_is_refused(wrong: str, nearest: str) -> None:
    """The error names the pattern and the nearest known one."""
    with pytest.raises(ValueError, match=r"There is no detector") as caught:
        select(["pii/*", wrong], BUILT_IN)
    assert wrong in str(caught.value) and nearest in str(caught.value)


def test_the_bare_name() -> None:
    """The name is the id without its family."""
    assert BUILT_IN["pii/iban"].name == "iban"
