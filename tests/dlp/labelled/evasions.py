"""Ways in which a value is hidden, on purpose or by the path it took; each gives the text that stands in the payload."""

import base64
import gzip
import html
import json
import quopri
import urllib.parse
from collections.abc import Callable

FULLWIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
LOOKALIKES = str.maketrans("aceopxyABCEHKMNOPSTXY", "асеорхуАВСЕНКМΝОРЅТХУ")
HYPHENS = {ord("-"): "\u2011"}


def fullwidth(value: str) -> str:
    """Digits, letters and signs in their wide forms."""
    return value.translate(FULLWIDTH)


def fullwidth_digits(value: str) -> str:
    """Only digits and @ in their wide forms."""
    return "".join(chr(ord(char) + 0xFEE0) if char.isdigit() or char == "@" else char for char in value)


def sprinkled(*signs: str) -> Callable[[str], str]:
    """Return the way that puts one of the signs after every third character."""

    def hide(value: str) -> str:
        return "".join(char + (signs[place // 3 % len(signs)] if place % 3 == 1 else "") for place, char in enumerate(value))

    return hide


def bidi(value: str) -> str:
    """Marks of direction before, after and inside."""
    half = len(value) // 2
    return f"\u202e{value[:half]}\u2066{value[half:]}\u2069\u202c"


def as_tags(value: str) -> str:
    """The whole value in invisible tag characters."""
    return "".join(chr(0xE0000 + ord(char)) for char in value)


def combining(value: str) -> str:
    """A stroke through every second character, as in struck-out text."""
    return "".join(char + ("\u0336" if place % 2 else "") for place, char in enumerate(value))


def nonbreaking_hyphens(value: str) -> str:
    """Hyphens that do not break, as word processors write them."""
    return value.translate(HYPHENS)


def lookalikes(text: str) -> str:
    """Letters of other alphabets that look the same."""
    return text.translate(LOOKALIKES)


def base64_text(text: str) -> str:
    """Base64 of the text."""
    return base64.b64encode(text.encode()).decode()


def base64_url(text: str) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def base64_lines(text: str) -> str:
    """Base64 in lines of 76 characters, as in mail."""
    return base64.encodebytes(text.encode()).decode()


def data_uri(text: str) -> str:
    """A data: address with base64."""
    return f"data:text/plain;base64,{base64_text(text)}"


def gzip_base64(text: str) -> str:
    """Base64 of the compressed text."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def hexadecimal(text: str) -> str:
    """Two hexadecimal digits for each byte."""
    return text.encode().hex()


def percent(text: str) -> str:
    """Percent signs for all but letters and digits."""
    return urllib.parse.quote(text, safe="")


def percent_all(text: str) -> str:
    """Percent signs for every character."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def form_encoded(text: str) -> str:
    """As forms are sent: + for a space."""
    return "submit=1&text=" + urllib.parse.quote_plus(text)


def entities(text: str) -> str:
    """Numbered entities of HTML for every second character, decimal and hexadecimal."""
    return "".join(
        (f"&#{ord(char)};" if place % 4 else f"&#x{ord(char):x};") if place % 2 == 0 else char for place, char in enumerate(text)
    )


def named_entities(text: str) -> str:
    """Named entities of HTML for signs."""
    names = {
        "@": "&commat;",
        ".": "&period;",
        "-": "&hyphen;",
        ":": "&colon;",
        "/": "&sol;",
        "_": "&lowbar;",
        "+": "&plus;",
        "=": "&equals;",
    }
    return "".join(names.get(char, html.escape(char)) for char in text)


def quoted_printable(text: str) -> str:
    """As old mail is sent: = and two digits, lines of at most 76 characters that end in =."""
    escaped = quopri.encodestring(text.encode()).decode()
    return escaped.replace("@", "=40").replace("-", "=2D").replace("_", "=5F")


def embedded(depth: int) -> Callable[[str], str]:
    """Return the way that writes the text as JSON inside JSON, so many times."""

    def hide(text: str) -> str:
        for step in range(depth):
            text = json.dumps({f"level{depth - step}": text, "ok": True})
        return text

    return hide


def spelled_email(address: str) -> str:
    """The address as people write it against robots."""
    return address.replace("@", " at ").replace(".", " dot ")


def bracketed_email(address: str) -> str:
    """The address with [at] and [dot]."""
    return address.replace("@", " [at] ").replace(".", " [dot] ")


def bold_middle(value: str) -> str:
    """Markdown's bold around the middle of the value."""
    third = len(value) // 3
    return f"{value[:third]}**{value[third : 2 * third]}**{value[2 * third :]}"


def code_spans(value: str) -> str:
    """The value in two code spans that touch."""
    half = len(value) // 2
    return f"`{value[:half]}``{value[half:]}`"


def escaped_markdown(value: str) -> str:
    """Backslashes before the signs that Markdown would read."""
    return "".join(f"\\{char}" if char in "_*-." else char for char in value)


def spaced(value: str) -> str:
    """A space after every character."""
    return " ".join(value)


def unicode_escapes(text: str) -> str:
    """The text as a JSON string of \\u escapes only, with its quotation marks."""
    return '"' + "".join(f"\\u{ord(char):04x}" for char in text) + '"'


def escaped_slashes(text: str) -> str:
    """The text as a JSON string with \\/ for each slash, with its quotation marks."""
    return json.dumps(text, ensure_ascii=False).replace("/", "\\/")
