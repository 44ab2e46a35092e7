"""Checks of digits and check characters. Each takes digits (or the alphabet it names) without separators and says whether they are consistent."""

from itertools import cycle

_VERHOEFF_D = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_VERHOEFF_P = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")
# By place from the right, check so far, and digit: the next check.
_VERHOEFF = tuple(tuple(tuple(int(row[int(digit)]) for digit in order) for row in _VERHOEFF_D) for order in _VERHOEFF_P)
_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_LETTERS = {ord(char): str(int(char, 36)) for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)


def luhn(digits: str) -> bool:
    """The Luhn checksum, mod 10."""
    values = digits.encode()
    odd = values[-1::-2]
    return (sum(odd) - 48 * len(odd) + sum(values[-2::-2].translate(_DOUBLED))) % 10 == 0


def verhoeff(digits: str) -> bool:
    """The Verhoeff checksum of Aadhaar numbers."""
    check = 0
    for step, byte in zip(cycle(_VERHOEFF), reversed(digits.encode()), strict=False):
        check = step[check][byte - 48]
    return check == 0


def weighted(digits: str, weights: tuple[int, ...], modulus: int) -> int:
    """Return the weighted sum of the first digits by the modulus."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % modulus


def mod97(text: str) -> int:
    """Return the remainder by 97 of letters and digits, letters counting from 10 (ISO 7064)."""
    return int(text.translate(_LETTERS)) % 97


def mod11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10: the check digit of German tax numbers."""
    product = 10
    for digit in digits[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def cpf(digits: str) -> bool:
    """Both check digits of a Brazilian CPF."""
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        rest = sum(int(digits[n]) * (length + 1 - n) for n in range(length)) * 10 % 11 % 10
        if rest != int(digits[length]):
            return False
    return True


def codice_fiscale(text: str) -> bool:
    """The check letter of an Italian fiscal code, upper case."""
    even = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(
        _ODD[char] if place % 2 == 0 else (int(char) if char.isdigit() else even.index(char) - 10) for place, char in enumerate(text[:15])
    )
    return chr(65 + total % 26) == text[15]


def is_date(year: int, month: int, day: int) -> bool:
    """Whether the day exists."""
    if not 1 <= month <= 12:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
