"""Whether a candidate is an address, a telephone number or a date of birth. Each returns how many characters of the value hold, 0 for none."""

import re
from functools import lru_cache

import phonenumbers

from gatebook.dlp.around import Around, plain_words
from gatebook.dlp.numbers import is_date

_PHONE_WORDS = (
    "phone",
    "phonenumber",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "sms",
    "whatsapp",
    "contact number",
    "voicemail",
    "hotline",
)
_USUAL = re.compile(r"(?:1[ .-]?)?(?:\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}([ .-])\d{3}\1\d{4})")
_FILES = frozenset(
    "png jpg jpeg gif svg webp ico bmp css scss less js mjs cjs jsx ts tsx map json html htm xml yaml yml toml md txt log py rb go rs java kt php sh lock woff woff2 "
    "ttf pdf zip gz tar whl exe dll bin".split()
)
_IN_URL = re.compile(r"://[^\s/]*$")
_GROUPS_MAX = 4
_LAST_GROUP = re.compile(r"[ ./-]?\(?\d+\)?$")
_COUNTRY_BEFORE = re.compile(r"\+\(?\d{1,3}\)?[ .-]?\Z")
_NO_SEPARATORS = str.maketrans("", "", "+ ./-()")
_JOINED_BEFORE = frozenset("+.-/=#_")
_JOINED_AFTER = re.compile(r"[-./]?\d|-\w")
_DIGIT_BEFORE = re.compile(r"\d[ .-]\Z")
_TEN = re.compile(r"[2-9]\d{9}")
_NANP = re.compile(r"[2-9]\d{2}[2-9]\d{6}")
_RECORD = r"(?:mrn(?: ?(?:number|num|no|id))?|medical record(?: ?(?:number|num|no|id))?|patient ?(?:id|number|no|mrn)|health record ?(?:number|no))"
_RECORD_BEFORE = re.compile(rf"(?<![a-z]){_RECORD} {{0,3}}(?:[:=#]|is)?[ #\"'\\]{{0,4}}$")
_RECORD_NAME = re.compile(rf"(?:.* )?{_RECORD}")
_YEAR_FIRST = re.compile(r"([1-9]\d{3})[-/.](\d{1,2})[-/.](\d{1,2})")
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


def email(value: str, around: Around) -> int:
    """An e-mail address: not the user part of a URL or of a clone address, not a file with an @ in its name."""
    local, _, domain = value.rpartition("@")
    if (
        len(local) > 64
        or len(domain) > 253
        or ".." in value
        or local[0] in ".-"
        or local[-1] == "."
        or "-." in domain
        or ".-" in domain
        or domain[0] == "-"
    ):
        return 0
    if around.is_all():
        return 0 if domain.rpartition(".")[2].lower() in _FILES else len(value)
    before, after = around.before(80), around.after(1)
    if before[-1:].isalnum() or before[-1:] in ("_", "%", "+", "*") or after in ("(", "@"):
        return 0
    if domain.rpartition(".")[2].lower() in _FILES or (local == "git" and after in (":", "/")):
        return 0
    return 0 if "://" in before and _IN_URL.search(before) else len(value)


def phone_intl(value: str, around: Around) -> int:
    """A number with + that its country gives out. Groups at its end that belong to something else are left out."""
    for _ in range(_GROUPS_MAX):
        digits = _digits(value.replace("(0)", ""))
        if len(digits) < 7:
            break
        if len(digits) <= 15 and _given_out(digits):
            return len(value)
        value = _LAST_GROUP.sub("", value, count=1)
    return 0


def phone_us(value: str, around: Around) -> int:
    """A number of North America, written with separators, or beside a word for telephones."""
    before, after = around.before(6), around.after(2)
    if before[-1:] in _JOINED_BEFORE or (after and _JOINED_AFTER.match(after)) or ("+" in before and _COUNTRY_BEFORE.search(before)):
        return 0
    digits = _digits(value)
    digits = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    if around.near(_PHONE_WORDS):
        return len(value) if _TEN.fullmatch(digits) else 0
    if not _NANP.fullmatch(digits) or (before and _DIGIT_BEFORE.search(before)):
        return 0
    return len(value) if _USUAL.fullmatch(value) and _given_out("1" + digits) else 0


def _digits(value: str) -> str:
    digits = value.translate(_NO_SEPARATORS)
    return digits if digits.isdecimal() else re.sub(r"\D", "", digits)


@lru_cache(maxsize=65536)
def _given_out(digits: str) -> bool:
    for size in (1, 2, 3):
        pattern = _national(digits[:size])
        if pattern is not None:
            national = digits[size:]
            return bool(pattern.fullmatch(national) or (national[:1] == "0" and pattern.fullmatch(national[1:])))
    return False


@lru_cache(maxsize=1024)
def _national(country_code: str) -> re.Pattern[str] | None:
    """Return the pattern of all numbers that exist under a country code; None for no country."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(country_code))
    if not regions or country_code[0] == "0":
        return None
    parts: list[str] = []
    for region in regions:
        if region == "001":
            metadata = phonenumbers.PhoneMetadata.metadata_for_nongeo_region(int(country_code), None)
        else:
            metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
        if metadata is None:
            continue
        kinds = (
            metadata.fixed_line,
            metadata.mobile,
            metadata.toll_free,
            metadata.premium_rate,
            metadata.shared_cost,
            metadata.personal_number,
            metadata.voip,
        )
        parts += [
            kind.national_number_pattern
            for kind in (*kinds, metadata.pager, metadata.uan, metadata.voicemail)
            if kind and kind.national_number_pattern
        ]
    return re.compile("|".join(dict.fromkeys(parts))) if parts else None


def date_of_birth(value: str, around: Around) -> int:
    """A day that exists, of a year in which somebody living may be born."""
    usual = _YEAR_FIRST.fullmatch(value)
    if usual is not None:
        year, month, day = map(int, usual.groups())
        return len(value) if 1900 <= year <= 2035 and is_date(year, month, day) else 0
    numbers = [int(number) for number in re.findall(r"\d+", value.partition("T")[0])]
    word = re.search(r"[A-Za-z]{3}", value.partition("T")[0])
    month = _MONTHS.get(word.group().lower(), 0) if word else 0
    if word and month and len(numbers) >= 2:
        year, day = (numbers[1], numbers[0]) if numbers[0] <= 31 else (numbers[0], numbers[1])
        return len(value) if 1900 <= year <= 2035 and is_date(year, month, day) else 0
    if len(numbers) < 3:
        return 0
    a, b, c = numbers[:3]
    year = a if a > 31 else c + (0 if c > 99 else 1900)
    pairs = ((b, c),) if a > 31 else ((a, b), (b, a))
    return len(value) if 1900 <= year <= 2035 and any(is_date(year, month, day) for month, day in pairs) else 0


def medical_record(value: str, around: Around) -> int:
    """A number with more than one digit in it, whose name stands right before it, over its column, or is its key."""
    if len(set(re.sub(r"\D", "", value))) < 2:
        return 0
    named = _RECORD_BEFORE.search(plain_words(around.before(48).rpartition("\n")[2])) or any(
        _RECORD_NAME.fullmatch(plain_words(name).strip()) for name in (around.key, around.heading())
    )
    return len(value) if named else 0


def passport_number(value: str, around: Around) -> int:
    """Letters and digits of a passport, with more than two different ones."""
    return len(value) if len(set(value)) > 2 and around.before(1) not in (".", "-", "$") else 0
