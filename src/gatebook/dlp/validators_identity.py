"""Whether a candidate is a number of a person: structure and check digits per country. Each returns how many characters of the value hold, 0 for none."""

import re

from gatebook.dlp.around import Around
from gatebook.dlp.numbers import codice_fiscale, cpf, is_date, luhn, mod11_10, mod97, verhoeff, weighted

_SEPARATORS = re.compile(r"[\s./-]+")
_USUAL_SEPARATORS = str.maketrans("", "", " ./-")
_DIGITS_BEFORE = re.compile(r"\d[.-]?\Z")
_DIGITS_AFTER = re.compile(r"[.-]?\d")
_GROUP_BEFORE = re.compile(r"(?<!\d)\d{2,4} \Z")
_GROUP_AFTER = re.compile(r" \d{2,4}(?![\d/.-])")
_NO_SSN = {"078051120", "219099999", "457555462"}
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_SIN = ("sin", "social insurance", "nas", "assurance sociale")


def digits_of(value: str) -> str:
    """Return the value without separators."""
    plain = value.translate(_USUAL_SEPARATORS)
    return plain if plain.isalnum() else _SEPARATORS.sub("", plain)


def alone(around: Around) -> bool:
    """Whether no further group of digits adjoins: a part of a longer number is not a number of its own. Spaces join only numbers that are written with them."""
    if around.is_all():
        return True
    before, after = around.before(6), around.after(6)
    if _may_join(before[-1:]) and _DIGITS_BEFORE.search(before[-2:]) or _may_join(after[:1]) and _DIGITS_AFTER.match(after[:2]):
        return False
    if " " not in around.text[around.start : around.end]:
        return True
    return not ((before[-1:] == " " and _GROUP_BEFORE.search(before)) or (after[:1] == " " and _GROUP_AFTER.match(after)))


def _may_join(char: str) -> bool:
    return char == "-" or char == "." or char.isdecimal()


def _when(value: str, valid: bool) -> int:
    return len(value) if valid else 0


def us_ssn(value: str, around: Around) -> int:
    """A social security number that was or could be given out."""
    digits = digits_of(value)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    valid = area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000" and digits not in _NO_SSN
    if not valid or len(set(digits)) == 1 or not alone(around):
        return 0
    if " " in value or "." in value:
        return _when(value, around.near(("ssn", "social security", "social sec", "soc sec", "ss#")))
    return len(value)


def us_itin(value: str, around: Around) -> int:
    """An individual taxpayer number; without separators only beside its name."""
    return _when(value, alone(around) and (not value.isdigit() or around.near(("itin", "taxpayer"))))


def uk_nino(value: str, around: Around) -> int:
    """A national insurance number whose prefix is in use."""
    return _when(value, value[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"))


def uk_nhs(value: str, around: Around) -> int:
    """An NHS number: mod 11."""
    digits = digits_of(value)
    check = 11 - weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2), 11)
    return _when(value, len(digits) == 10 and len(set(digits)) > 1 and (0 if check == 11 else check) == int(digits[9]))


def ca_sin(value: str, around: Around) -> int:
    """A social insurance number: Luhn. With hyphens it stands for itself unless it starts with a digit that is not given out."""
    digits = digits_of(value)
    if not luhn(digits) or not alone(around) or len(set(digits)) == 1:
        return 0
    return _when(value, ("-" in value and digits[0] not in "08") or around.near(_SIN))


def au_tfn(value: str, around: Around) -> int:
    """A tax file number of 9 or 8 digits: mod 11."""
    digits = digits_of(value)
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10) if len(digits) == 9 else (10, 7, 8, 4, 6, 3, 5, 1)
    return _when(value, len(digits) in (8, 9) and len(set(digits)) > 1 and weighted(digits, weights, 11) == 0)


def in_aadhaar(value: str, around: Around) -> int:
    """An Aadhaar number: Verhoeff. Without separators only beside its name."""
    digits = digits_of(value)
    return _when(value, alone(around) and verhoeff(digits) and (not value.isdigit() or around.near(("aadhaar", "aadhar", "uidai", "uid"))))


def br_cpf(value: str, around: Around) -> int:
    """A CPF with both check digits; without separators only beside its name."""
    return _when(value, cpf(digits_of(value)) and alone(around) and (not value.isdigit() or around.near(("cpf",))))


def de_steuer_id(value: str, around: Around) -> int:
    """A German tax number: one digit two or three times among the first ten, and the check digit."""
    digits = digits_of(value)
    counts = sorted((digits[:10].count(digit) for digit in set(digits[:10])), reverse=True)
    return _when(value, len(digits) == 11 and digits[0] != "0" and counts[0] in (2, 3) and mod11_10(digits))


def fr_nir(value: str, around: Around) -> int:
    """A French social security number with its key."""
    digits = digits_of(value).upper().replace("2A", "19").replace("2B", "18")
    return _when(value, len(digits) == 15 and digits.isdigit() and alone(around) and 97 - int(digits[:13]) % 97 == int(digits[13:]))


def es_dni(value: str, around: Around) -> int:
    """A Spanish DNI: the letter follows from the number."""
    text = digits_of(value).upper()
    return _when(
        value,
        _DNI[int(text[:8]) % 23] == text[8]
        and text[:8] != "00000000"
        and not re.match(r"[+-]?\d", around.after(2))
        and around.before(1) != ".",
    )


def es_nie(value: str, around: Around) -> int:
    """A Spanish number of a foreigner: as a DNI, X, Y, Z counting 0, 1, 2."""
    text = digits_of(value).upper()
    return _when(value, _DNI[int(str("XYZ".index(text[0])) + text[1:8]) % 23] == text[8])


def it_codice_fiscale(value: str, around: Around) -> int:
    """An Italian fiscal code with its check letter."""
    return _when(value, codice_fiscale(value.upper()))


def nl_bsn(value: str, around: Around) -> int:
    """A Dutch citizen number: the eleven test."""
    digits = digits_of(value).rjust(9, "0")
    return _when(value, len(digits) == 9 and len(set(digits)) > 1 and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0)


def pl_pesel(value: str, around: Around) -> int:
    """A PESEL: a date whose month tells the century, and the check digit."""
    month = int(value[2:4]) % 20
    dated = 1 <= month <= 12 and 1 <= int(value[4:6]) <= 31
    return _when(value, dated and weighted(value, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10) == 0)


def se_personnummer(value: str, around: Around) -> int:
    """A Swedish personal number: a date (day plus 60 for coordination numbers) and Luhn; without separator only beside its name."""
    digits = value.replace("-", "").replace("+", "")
    short = digits[-10:]
    day = int(short[4:6])
    dated = is_date(2000 + int(short[:2]), int(short[2:4]), day - 60 if day > 60 else day)
    named = not value.isdigit() or around.near(("personnummer", "personal identity", "pnr", "samordningsnummer"))
    return _when(value, dated and luhn(short) and alone(around) and named)


def be_nn(value: str, around: Around) -> int:
    """A Belgian national number: 97 less the rest, with a 2 in front for births from 2000; without separators only beside its name."""
    digits = digits_of(value)
    check = int(digits[9:])
    valid = check in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97) and int(digits[2:4]) <= 52
    return _when(
        value,
        valid
        and alone(around)
        and (not value.isdigit() or around.near(("rijksregister*", "registre national", "national number", "niss", "insz", "rrn"))),
    )


def fi_hetu(value: str, around: Around) -> int:
    """A Finnish personal code: a date and the check character, mod 31."""
    number = int(value[:6] + value[7:10])
    given = int(value[7:10]) >= 2
    return _when(value, given and is_date(2000 + int(value[4:6]), int(value[2:4]), int(value[:2])) and _HETU[number % 31] == value[10])


def us_npi(value: str, around: Around) -> int:
    """A provider number: Luhn with 80840 in front."""
    return _when(value, luhn("80840" + value))


def us_dea(value: str, around: Around) -> int:
    """A DEA number: its check digit."""
    digits = value[2:]
    total = int(digits[0]) + int(digits[2]) + int(digits[4]) + 2 * (int(digits[1]) + int(digits[3]) + int(digits[5]))
    return _when(value, total % 10 == int(digits[6]))


def iban97(text: str) -> bool:
    """Whether an IBAN without separators has the right check digits."""
    return mod97(text[4:] + text[:4]) == 1
