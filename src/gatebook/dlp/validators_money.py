"""Whether a candidate is a number of money: cards, accounts, banks, wallets. Each returns how many characters of the value hold, 0 for none."""

import hashlib
import re
from functools import lru_cache

from gatebook.dlp.around import Around, plain_words
from gatebook.dlp.keccak import keccak256
from gatebook.dlp.numbers import luhn, weighted
from gatebook.dlp.validators_identity import alone, iban97

_CARD_WORDS = (
    "card",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "pan",
    "cc",
    "cvv",
    "cvc",
    "kreditkarte",
    "carte",
)
_JOINED_AFTER = re.compile(r"[-_.]\w")
_OTHER_NUMBER = re.compile(
    r"(?<![a-z])(?:order|orders|tracking|track|invoice|imei|iccid|ticket|sku|ean|upc|gtin|isbn|barcode|serial|timestamp|time|nonce|hash|trace|span|epoch"
    r"|seq|sequence|offset|id|ids|uid|guid|uuid|sha|commit|snowflake|build|version|parcel|shipment|batch|lot)(?![a-z])"
)
_IBAN_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 "
    "GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 "
    "NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
IBAN_LENGTH = {item[:2]: int(item[2:]) for item in _IBAN_LENGTHS.split()}
COUNTRIES = frozenset(
    "AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CD CF CG CH CI CK CL CM CN CO CR CU CV CW CY CZ DE "
    "DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM "
    "JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI "
    "NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TL "
    "TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW".split()
)
_BIC = re.compile(r"(?<![a-z])(?:bic|swift)(?: ?(?:bic|swift|code|no|number|is|/|#))*[ :=#\"'>]*$")
_CHAIN_WORDS = (
    *(
        "eth",
        "ethereum",
        "wallet",
        "address",
        "addr",
        "recipient",
        "sender",
        "erc20",
        "contract",
        "onchain",
        "blockchain",
        "nft",
        "usdc",
        "usdt",
    ),
    *("transfer", "transferred", "deposit", "deposited", "withdraw", "withdrawal", "payout", "payment", "paid"),
)
_BASE58 = {char: place for place, char in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {char: place for place, char in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}


def credit_card(value: str, around: Around) -> int:
    """A card number: issuer, length, grouping, Luhn. Bare digits under the name of another number, or within a longer one, are none."""
    digits = value.replace(" ", "").replace("-", "")
    if not luhn(digits) or not _issued(len(digits), int(digits[:4])) or (" " in value and "-" in value):
        return 0
    if not around.is_all():
        before = around.before(2)
        joined = len(before) == 2 and before[1] in "-_+$#." and before[0].isalnum()
        if joined or _JOINED_AFTER.match(around.after(2)) or not alone(around):
            return 0
    if value.isdigit() and not around.near(_CARD_WORDS):
        if len(digits) not in (14, 15, 16) or _OTHER_NUMBER.search(plain_words(f"{around.key} {around.before(24)}")):
            return 0
    return len(value)


@lru_cache(maxsize=4096)
def _issued(length: int, four: int) -> bool:
    """Whether an issuer gives out numbers of this length with these first four digits."""
    two, three = four // 100, four // 10
    if four // 1000 == 4:
        return length in (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if two in (34, 37):
        return length == 15
    if two in (36, 38, 39) or 300 <= three <= 305:
        return length in (14, 16)
    return length in (16, 17, 18, 19) and (
        four == 6011 or 644 <= three <= 659 or 3528 <= four <= 3589 or two in (50, 56, 57, 58, 62, 63, 67, 81) or 600 <= three <= 609
    )


def iban(value: str, around: Around) -> int:
    """An IBAN of the length that its country uses, with right check digits. What follows it in the match is left out."""
    wanted = IBAN_LENGTH.get(value[:2])
    if wanted is None:
        return 0
    solid = value.replace(" ", "").replace("-", "")
    if len(solid) == wanted:
        return len(value) if iban97(solid) else 0
    size = next((place for place in range(wanted, len(value) + 1) if _solid(value, place) == wanted), 0)
    if not size or value[size : size + 1].isalnum():
        return 0
    return size if iban97(value[:size].replace(" ", "").replace("-", "")) else 0


def _solid(value: str, size: int) -> int:
    return size - value.count(" ", 0, size) - value.count("-", 0, size)


def swift_bic(value: str, around: Around) -> int:
    """A BIC whose country exists. Eight letters are more often a word: they need BIC or SWIFT right before them, as the key, or over their column."""
    if value[4:6] not in COUNTRIES:
        return 0
    named = any(_BIC.search(plain_words(name)) for name in (around.before(24), around.key, around.heading()))
    return len(value) if named or not value.isalpha() or len(value) != 8 else 0


def us_aba_routing(value: str, around: Around) -> int:
    """A routing number of a Federal Reserve district, with its check digit."""
    two = int(value[:2])
    district = 1 <= two <= 12 or 21 <= two <= 32 or 61 <= two <= 72 or two == 80
    return len(value) if district and weighted(value, (3, 7, 1, 3, 7, 1, 3, 7, 1), 10) == 0 else 0


def btc_address(value: str, around: Around) -> int:
    """A Bitcoin address: base58check or bech32(m)."""
    return len(value) if (_bech32(value) if value[:3].lower() == "bc1" else _base58check(value)) else 0


def _base58check(value: str) -> bool:
    number = 0
    for char in value:
        number = number * 58 + _BASE58[char]
    if number >= 1 << 200:
        return False
    data = number.to_bytes(25, "big")
    return data[0] in (0, 5) and hashlib.sha256(hashlib.sha256(data[:21]).digest()).digest()[:4] == data[21:]


def _bech32(value: str) -> bool:
    text = value.lower()
    check = 1
    for item in (3, 3, 0, 2, 3, *(_BECH32.get(char, 0) for char in text[3:])):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ item
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check in (1, 0x2BC830A3)


def eth_address(value: str, around: Around) -> int:
    """An Ethereum address: the capitals are its checksum (EIP-55); all small or all capitals only beside a word for it."""
    body = value[2:]
    if body == body.lower() or body == body.upper():
        return len(value) if len(set(body.lower())) > 4 and around.near(_CHAIN_WORDS) else 0
    return len(value) if not around.purse.costly() or _eip55(body) else 0


@lru_cache(maxsize=4096)
def _eip55(body: str) -> bool:
    digest = keccak256(body.lower().encode()).hex()
    return all(char.isdigit() or char.isupper() == (digest[place] >= "8") for place, char in enumerate(body))
