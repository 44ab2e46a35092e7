"""Check digits and digests that issuers add to their numbers and tokens; the tests hold them against python-stdnum where it knows them."""

import hashlib
import zlib

from tests.dlp.labelled.draw import BASE62

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LANE = (1 << 64) - 1
_RATE = 136  # bytes of the sponge that Keccak-256 absorbs at a time


def luhn(body: str) -> str:
    """Return the digit that makes `body` plus it pass Luhn's check."""
    total = 0
    for place, char in enumerate(reversed(body)):
        digit = int(char) * (2 if place % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return str(-total % 10)


def npi(body: str) -> str:
    """Return the last digit of a US provider number of which nine digits are given: Luhn with 80840 in front."""
    return luhn("80840" + body)


def dea(digits: str) -> str:
    """Return the last digit of a US DEA number of which six digits are given."""
    odd = sum(int(digit) for digit in digits[0::2])
    even = sum(int(digit) for digit in digits[1::2])
    return str((odd + 2 * even) % 10)


def iban(country: str, account: str) -> str:
    """Return the two check digits of an IBAN."""
    text = "".join(str(int(char, 36)) for char in account + country + "00")
    return f"{98 - int(text) % 97:02d}"


def base58check(version: int, digest: bytes) -> str:
    """Return a Bitcoin address of the old kind; the digest has 20 bytes."""
    body = bytes([version]) + digest
    body += hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4]
    number, text = int.from_bytes(body, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = BASE58[rest] + text
    return "1" * (len(body) - len(body.lstrip(b"\0"))) + text


def crc_base62(body: str) -> str:
    """Return the six characters that GitHub and npm put at the end of their tokens: CRC-32 of the random part in base 62."""
    number, text = zlib.crc32(body.encode()), ""
    alphabet = BASE62[:10] + BASE62[36:] + BASE62[10:36]  # digits, capitals, small letters
    while number:
        number, rest = divmod(number, 62)
        text = alphabet[rest] + text
    return text.rjust(6, "0")


def eip55(digits: str) -> str:
    """Return 40 hexadecimal digits of an Ethereum address with the capitals that EIP-55 asks for."""
    digest = keccak256(digits.lower().encode()).hex()
    return "".join(char.upper() if int(digest[place], 16) >= 8 else char for place, char in enumerate(digits.lower()))


def keccak256(data: bytes) -> bytes:
    """Return Keccak-256 as Ethereum uses it; SHA3-256 of the standard library pads differently."""
    padded = bytearray(data + b"\x01" + b"\0" * (_RATE - 1 - len(data) % _RATE))
    padded[-1] |= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE):
        for place in range(_RATE // 8):
            lanes[place] ^= int.from_bytes(padded[start + 8 * place : start + 8 * place + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permuted(lanes: list[int]) -> list[int]:
    state = 1
    for _ in range(24):
        columns = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        mixed = [columns[(x - 1) % 5] ^ _turned(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [lane ^ mixed[place % 5] for place, lane in enumerate(lanes)]
        x, y, current = 1, 0, lanes[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x + 5 * y] = lanes[x + 5 * y], _turned(current, (step + 1) * (step + 2) // 2)
        for row in range(0, 25, 5):
            old = lanes[row : row + 5]
            lanes[row : row + 5] = [old[x] ^ (~old[(x + 1) % 5] & old[(x + 2) % 5] & _LANE) for x in range(5)]
        for bit in range(7):
            state = (state << 1) ^ ((state >> 7) * 0x171)
            if state & 2:
                lanes[0] ^= 1 << ((1 << bit) - 1)
    return lanes


def _turned(lane: int, count: int) -> int:
    count %= 64
    return ((lane << count) | (lane >> (64 - count))) & _LANE
