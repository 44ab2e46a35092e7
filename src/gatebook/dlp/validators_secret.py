"""Whether a candidate is a secret: not a placeholder, random enough, decodable. Each returns how many characters of the value hold, 0 for none."""

import base64
import binascii
import re
import zlib

import msgspec

from gatebook.dlp.around import Around, plain_words
from gatebook.dlp.placeholders import classes, entropy_bits, is_placeholder, is_reference, is_words

_NAME_LEFT = re.compile(r"[A-Za-z0-9_.:\-]{0,60}$")
_CODE = re.compile(r":|[A-Za-z_.]+[\[(|]|arn:|[a-z0-9-]+(?::[a-z0-9-]+){2}|@|!|=")
_QUERY_END = re.compile(r"&\w{1,40}=")
_NOT_A_SECRET = re.compile(
    r"(?<![a-z])(?:hash|hashes|hashed|sha\d*|md5|checksum|digest|etag|integrity|commit|id|ids|url|uri|urls|file|files|filename|path|dir|name|names|type|policy|length"
    r"|len|count|counts|expiry|expires|expiration|ttl|min|max|field|fields|label|hint|page|next|prev|previous|continuation|sync|cursor|pagination|watermark|limit|limits"
    r"|budget|usage|public|reset|strength|required|enabled|valid|status|version|format|manager|provider|store|ref|arn|header|endpoint|prompt|completion|input|output"
    r"|cached|cache|title|description|message|error|scope|scopes|csrf|xsrf|idempotency|sort|partition|primary|foreign|design|style|color|issuer|last4)(?![a-z])"
)
_PASSWORD_NAME = re.compile(r"(?i)pass|pwd|secret|credential")
_KEY_NAME = re.compile(r"(?i)pass|pwd|secret|credential|api[_ -]?key")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WEAK = re.compile(r"[A-Za-z]{3,}(?:\d{1,4}[!@#$%^&*?.]{0,3}|[!@#$%^&*?]{1,3}\d{1,4}[!?]?)")
_ALGORITHM = re.compile(r"(?i)(?:sha|md|base|oauth|utf|http|aes|rsa|v|pbkdf|argon|string|field|param|arg|str|var|text|key)\d+$")
_HEX = re.compile(r"(?i)[0-9a-f]+")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def not_placeholder(value: str, around: Around) -> int:
    """Any value of an exact format that is no documentation value."""
    return 0 if is_placeholder(value) else len(value)


def random_mixed(value: str, around: Around) -> int:
    """A random value with small letters, capitals and digits."""
    body = value.rpartition(":")[2]
    mixed = any(char.islower() for char in body) and any(char.isupper() for char in body) and any(char.isdigit() for char in body)
    return len(value) if mixed and entropy_bits(body) >= 3.5 and not is_placeholder(value) else 0


def aws_secret_key(value: str, around: Around) -> int:
    """Forty random characters that are no hash and no path."""
    path = value.count("/") > 3 or sum(char.isdigit() for char in value) < 2 or around.before(1) == "." or around.after(1) == "."
    return 0 if path or _HEX.fullmatch(value) else random_mixed(value, around)


def jwt(value: str, around: Around) -> int:
    """A token whose head is JSON and names an algorithm. What is signed begins as JSON too; what is encrypted names its cipher in the head."""
    head, _, rest = value.partition(".")
    try:
        decoded = msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        if not isinstance(decoded, dict) or "alg" not in decoded:
            return 0
        holds_something = "enc" in decoded or base64.urlsafe_b64decode(rest[:4]).lstrip()[:1] == b"{"
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return 0
    return len(value) if holds_something else 0


def gatebook_token(value: str, around: Around) -> int:
    """A token of Gatebook: its last six characters are the CRC-32 of the others in base62."""
    left, total = zlib.crc32(value[:-6].encode()), 0
    for character in value[-6:]:
        total = total * 62 + _BASE62.index(character)
    return len(value) if total == left else 0


def pem_body(value: str, around: Around) -> int:
    """A private key with something in it."""
    body = value.partition("KEY")[2].partition("-----")[2]
    return len(value) if re.search(r"[A-Za-z0-9+/=]{16}", body) and not re.search(r"(?i)your|\.\.\.|redacted|xxxx|<", body) else 0


def url_password(value: str, around: Around) -> int:
    """A password in a URL that is no placeholder and no word of a pattern."""
    if (
        is_placeholder(value)
        or value.lower() in ("password", "pass", "pwd", "secret", "token", "user", "port", "pw", "passwd")
        or value.startswith(("$", "{", "%s", ":"))
    ):
        return 0
    return len(value)


def bearer_token(value: str, around: Around) -> int:
    """A random value after the word bearer."""
    if is_placeholder(value) or is_words(value) or classes(value) < 2 or not any(char.isdigit() for char in value):
        return 0
    return len(value) if entropy_bits(value) >= 3.0 else 0


def generic_secret(value: str, around: Around) -> int:
    """A value after a name that means a secret, random enough for that name."""
    end = _QUERY_END.search(value)
    value = (value[: end.start()] if end else value).rstrip(".,;:")
    name = _name(around)
    if (
        len(value) < 6
        or "::" in name
        or _CODE.match(value)
        or _NOT_A_SECRET.search(plain_words(name))
        or is_placeholder(value)
        or is_reference(value)
        or is_words(value)
    ):
        return 0
    strong = bool(_PASSWORD_NAME.search(name))
    if (
        value.isdigit()
        or _is_word(value, strong)
        or (_UUID.fullmatch(value) and not _KEY_NAME.search(name))
        or not _random_enough(value, strong)
    ):
        return 0
    return len(value)


def _is_word(value: str, strong: bool) -> bool:
    """Whether the value is words or an identifier. Under a name for passwords one word with digits or signs is a weak password, not a word."""
    if strong and _WEAK.fullmatch(value) and not _ALGORITHM.match(value):
        return False
    return is_words(value) or is_words(value.strip("[]()<>*_#@!?.-"))


def _name(around: Around) -> str:
    """Return the name before the value: what stands left of `:` or `=`, without quotes, with what it is joined to."""
    left = around.before(96).rstrip(" \t\"'=:>\\]")
    match = _NAME_LEFT.search(left)
    return match.group() if match else ""


def _random_enough(value: str, password: bool) -> bool:
    kinds, bits = classes(value), entropy_bits(value)
    if password:
        return kinds >= 2 and bits >= (2.5 if len(value) >= 8 else 2.2) and any(not char.isalpha() for char in value)
    return len(value) >= 12 and bits >= 3.0 and (kinds >= 2 or len(value) >= 24)
