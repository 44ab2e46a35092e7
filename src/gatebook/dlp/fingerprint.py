"""Keyed hashes of values, so that one value can be followed through the book without being in it."""

import hashlib
import hmac
import re

from gatebook.dlp.hit import Hit

_SIZE = 16
_SEPARATORS = re.compile(r"[\s./()+-]+")
_AS_WRITTEN = ("email", "btc_address", "date_of_birth")


def fingerprint(key: bytes, value: Hit | str, detector: str) -> str:
    """Return 16 hex characters of HMAC-SHA256. One value has one fingerprint, however it is written and whichever detector of its kind found it."""
    text = value.value if isinstance(value, Hit) else value
    return hmac.new(key, normal(text, detector).encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:_SIZE]


def normal(value: str, detector: str) -> str:
    """Return a value without what differs from writing to writing: separators, capitals, the country code of North America. Secrets stay as they are."""
    family, _, name = detector.partition("/")
    if family == "ner":
        return " ".join(value.split()).casefold()
    if family != "pii":
        return value
    if name == "btc_address":
        return value
    if name in _AS_WRITTEN:
        return value.lower()
    plain = _SEPARATORS.sub("", value.replace("(0)", "")).lower()
    return "1" + plain if name == "phone_us" and len(plain) == 10 else plain
