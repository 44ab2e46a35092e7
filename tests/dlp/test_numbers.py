"""Check digits agree with an independent implementation."""

import re

import pytest
import stdnum.br.cpf
import stdnum.de.idnr
import stdnum.iban
import stdnum.in_.aadhaar
import stdnum.it.codicefiscale
import stdnum.luhn
from hypothesis import given
from hypothesis import strategies as st

from gatebook.dlp.numbers import codice_fiscale, cpf, is_date, luhn, mod11_10, mod97, verhoeff, weighted


@given(st.from_regex(r"[0-9]{1,20}", fullmatch=True))
def test_luhn(digits: str) -> None:
    """Luhn is what python-stdnum says."""
    assert luhn(digits) == stdnum.luhn.is_valid(digits)


@given(st.from_regex(r"[2-9][0-9]{11}", fullmatch=True))
def test_verhoeff(digits: str) -> None:
    """Verhoeff is what python-stdnum says of Aadhaar numbers that are no palindromes."""
    if digits != digits[::-1]:
        assert verhoeff(digits) == stdnum.in_.aadhaar.is_valid(digits)


@given(st.from_regex(r"[0-9]{9}", fullmatch=True))
def test_cpf(body: str) -> None:
    """Of the hundred endings of a CPF exactly the one that python-stdnum accepts is right."""
    endings = [f"{number:02d}" for number in range(100)]
    right = [ending for ending in endings if cpf(body + ending)]
    if len(set(body)) > 1:
        assert right == [ending for ending in endings if stdnum.br.cpf.is_valid(body + ending)]


@given(st.from_regex(r"[1-9][0-9]{9}", fullmatch=True))
def test_mod11_10(body: str) -> None:
    """Each body has exactly one check digit, and German tax numbers agree."""
    right = [digit for digit in "0123456789" if mod11_10(body + digit)]
    assert len(right) == 1
    accepted = [digit for digit in "0123456789" if stdnum.de.idnr.is_valid(body + digit)]
    assert not accepted or accepted == right


@pytest.mark.parametrize("text", ["DE89370400440532013000", "GB82WEST12345698765432"])
def test_mod97(text: str) -> None:
    """An IBAN leaves 1; one that is changed does not."""
    assert mod97(text[4:] + text[:4]) == 1 and stdnum.iban.is_valid(text)
    assert mod97(text[4:] + text[:2] + "00") != 1


@given(st.from_regex(re.compile(r"[A-Z]{6}[0-9]{2}[ABCDEHLMPRST](?:0[1-9]|[12][0-9])[A-Z][0-9]{3}", re.ASCII), fullmatch=True))
def test_codice_fiscale(body: str) -> None:
    """The check letter is the one of python-stdnum."""
    letter = stdnum.it.codicefiscale.calc_check_digit(body)
    assert codice_fiscale(body + letter)
    assert not codice_fiscale(body + ("A" if letter != "A" else "B"))


def test_weighted() -> None:
    """The weighted sum stops at the shorter of digits and weights."""
    assert weighted("123", (1, 2), 100) == 5


@pytest.mark.parametrize(("day", "exists"), [((2024, 2, 29), True), ((2023, 2, 29), False), ((1900, 2, 29), False), ((2000, 13, 1), False)])
def test_is_date(day: tuple[int, int, int], exists: bool) -> None:
    """Leap years and months are those of the calendar."""
    assert is_date(*day) is exists
