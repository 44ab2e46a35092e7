"""Payloads for the benchmark of the scanner: records as connectors return them, with and without sensitive data, and hostile texts. The same on every run.

`draw` is the number of the payload: another one has other values, so that nothing is remembered from one scan to the next.
"""

import json
import random
from collections.abc import Callable
from typing import Final

KIB: Final = 1024
_SEED: Final = 20260301
_WORDS: Final = (
    "the team met on monday to look at the plan for spring and agreed that the release can go out once the last tests are green and the notes are written "
    "customers asked for faster search better exports and a quieter inbox so the first two came before the third which waits for a decision of the board"
).split()
_NAMES: Final = ("Ann Miller", "Bob Carter", "Chidi Okafor", "Dana Levi", "Eva Novak", "Farid Aziz", "Grace Kim", "Hugo Lange")
_STATES: Final = ("open", "closed", "waiting", "in review")


def clean(size: int, draw: int = 0) -> bytes:
    """Records of tickets without personal data: about `size` bytes of JSON."""
    return _records(size, draw, lambda dice, number: {})


def with_email(size: int, draw: int = 0) -> bytes:
    """The same records with one e-mail address in each."""
    return _records(size, draw, lambda dice, number: {"reporter": f"{dice.choice(_NAMES).split()[0].lower()}{number}@acme.example"})


def dense(size: int, draw: int = 0) -> bytes:
    """Records of people: name, e-mail, telephone, card, social security number, date of birth, bank account."""
    dice = random.Random(_SEED + draw)
    people: list[dict[str, object]] = []
    length = 2
    while length < size:
        name = dice.choice(_NAMES)
        person: dict[str, object] = {
            "name": name,
            "email": f"{name.replace(' ', '.').lower()}{dice.randrange(10_000)}@acme.example",
            "phone": f"+1 212-{dice.randrange(200, 999)}-{dice.randrange(1_000, 10_000)}",
            "card": _card(dice),
            "ssn": f"{dice.randrange(100, 600)}-{dice.randrange(10, 99)}-{dice.randrange(1_000, 9_999)}",
            "date_of_birth": f"19{dice.randrange(50, 99)}-0{dice.randrange(1, 9)}-{dice.randrange(10, 28)}",
            "iban": _iban(dice),
        }
        people.append(person)
        length += len(json.dumps(person)) + 2
    return json.dumps(people).encode()


def hostile(size: int) -> dict[str, bytes]:
    """Texts of one kind of character, each as one JSON string of about `size` bytes."""
    dice = random.Random(_SEED)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    texts = {
        "digits": "".join(dice.choices("0123456789", k=size)),
        "digits and separators": "".join(dice.choices("0123456789 -", k=size)),
        "dashes": "-" * size,
        "at signs": "@" * size,
        "a@a@": "a@" * (size // 2),
        "backslashes": "\\" * (size // 2),
        "base64 alphabet": "".join(dice.choices(alphabet, k=size)),
        "hex": "".join(dice.choices("0123456789abcdef", k=size)),
        "percent": "%41" * (size // 3),
        "entities": "&#65;" * (size // 5),
        "wide": "\uff11" * (size // 3),
        "eyJ": "eyJhbGciOi" * (size // 10),
        "password=": "password=" * (size // 9),
        "BEGIN PRIVATE KEY": "-----BEGIN PRIVATE KEY-----" * (size // 27),
        "://": "://a:" * (size // 5),
    }
    return {name: json.dumps([text], ensure_ascii=False).encode() for name, text in texts.items()}


def _records(size: int, draw: int, more: Callable[[random.Random, int], dict[str, object]]) -> bytes:
    dice = random.Random(_SEED + draw)
    records: list[dict[str, object]] = []
    length = number = 0
    while length < size - 2:
        number += 1
        record: dict[str, object] = {
            "id": number,
            "title": " ".join(dice.choices(_WORDS, k=5)),
            "state": dice.choice(_STATES),
            "created": f"2026-0{dice.randrange(1, 10)}-{dice.randrange(10, 28)}T{dice.randrange(10, 24)}:{dice.randrange(10, 60)}:00Z",
            "url": f"https://tracker.acme.example/browse/OPS-{dice.randrange(1, 99_999)}",
            "comments": dice.randrange(30),
            "text": " ".join(dice.choices(_WORDS, k=24)),
            **more(dice, number),
        }
        records.append(record)
        length += len(json.dumps(record)) + 2
    return json.dumps(records).encode()


def _card(dice: random.Random) -> str:
    body = "4" + "".join(dice.choices("0123456789", k=14))
    total = sum(sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10)) for place, digit in enumerate(body))
    digits = body + str(-total % 10)
    return " ".join(digits[place : place + 4] for place in range(0, 16, 4))


def _iban(dice: random.Random) -> str:
    account = "".join(dice.choices("0123456789", k=18))
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"
