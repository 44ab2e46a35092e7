"""Draws characters and numbers, always the same ones for the same name."""

import random
import string
from collections.abc import Callable, Sequence
from typing import TypeVar

SEED = "gatebook labelled set 1"
UPPER = string.ascii_uppercase
LOWER = string.ascii_lowercase
DIGITS = string.digits
HEX = "0123456789abcdef"
BASE62 = string.digits + string.ascii_letters
BASE64URL = BASE62 + "-_"
ATTEMPTS_MAX = 100_000

T = TypeVar("T")


class Draw:
    """A source of values; two with the same name give the same values in the same order."""

    def __init__(self, name: str) -> None:
        self.random = random.Random(f"{SEED}: {name}")

    def chars(self, alphabet: str, count: int) -> str:
        """Return `count` characters of the alphabet."""
        return "".join(self.random.choice(alphabet) for _ in range(count))

    def mixed(self, alphabet: str, count: int) -> str:
        """Return `count` characters that begin and end with a letter or digit and hold at least two digits and two letters."""
        return self.until(lambda: self.chars(alphabet, count), _is_mixed)

    def digits(self, count: int) -> str:
        """Return `count` digits, the first of which may be 0."""
        return self.chars(DIGITS, count)

    def number(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return self.random.randint(low, high)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return self.random.choice(choices)

    def octets(self, count: int) -> bytes:
        """Return `count` bytes."""
        return self.random.randbytes(count)

    def until(self, make: Callable[[], str], holds: Callable[[str], bool]) -> str:
        """Return the first made value for which `holds` is true; raises ValueError after a hundred thousand attempts."""
        for _ in range(ATTEMPTS_MAX):
            value = make()
            if holds(value):
                return value
        raise ValueError("no value holds")


def _is_mixed(value: str) -> bool:
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    return digits >= 2 and letters >= min(2, len(value) - digits) and value[0].isalnum() and value[-1].isalnum()
