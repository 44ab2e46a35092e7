"""Whether a candidate is a sign of an attempted injection. Each returns how many characters of the value hold, 0 for none."""

import binascii
import re

from gatebook.dlp.around import Around
from gatebook.dlp.fold import plain

# What somebody is told to fill in: {data}, {{x}}, ${x}, <secret>. In an image, which nobody fills in by hand, also [notes], $DATA, USER_DATA and dots.
_SLOT = re.compile(r"\$?\{[^{}\"]{0,80}\}|\{\{[^{}]{0,80}\}\}|<[A-Za-z][^<>]{0,80}>")
_IMAGE_SLOT = re.compile(r"\[[A-Za-z][A-Za-z0-9 _-]{0,80}\]|\$[A-Z_]{3,}|[A-Z]{2,}(?:_[A-Z]+)+|\.\.\.|\u2026")
_IMAGE = re.compile(r"!\[[^\]\n]{0,200}\]\(\s{0,4}$")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{32,}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){24,}")
_SIGNED_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_URLSAFE = str.maketrans("-_", "+/")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_PROSE_CHARS = 120
_PROSE_WORDS = 12
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007f]{0,6}$")
_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")


def hidden_unicode(value: str, around: Around) -> int:
    """Invisible characters that write something; the flags of England, Scotland and Wales are written with some of them and are none."""
    if _FLAG.search(around.before(8)):
        return 0
    return 0 if set(value) <= {"\u200d", "\ufe0f"} and _EMOJI.search(around.before(2)) else len(value)


def exfiltration_url(value: str, around: Around) -> int:
    """An image or link whose query has a slot for data, or text that is encoded in it; an image also when it carries prose.

    Ids, signatures and marks of campaigns are long too, but say nothing when they are decoded.
    """
    image = value[:1] == "<" or _IMAGE.search(around.before(210)) is not None
    query = value.partition("?")[2].partition("#")[0]
    for field in query.split("&"):
        said = plain(field.partition("=")[2] or field)
        if _SLOT.fullmatch(said) or _says_something(said) or (image and (_IMAGE_SLOT.fullmatch(said) or _is_prose(said))):
            return len(value)
    return 0


def _says_something(text: str) -> bool:
    """Whether a long part of the text is base64 or hex of text, and no signed token."""
    if _SIGNED_TOKEN.fullmatch(text):
        return False
    if _HEX.fullmatch(text):
        return not bytes.fromhex(text).translate(None, _PRINTABLE)
    run = _RUN.match(text)
    if run is None:
        return False
    body = run.group()[: len(run.group()) // 4 * 4].translate(_URLSAFE)
    try:
        data = binascii.a2b_base64(body)
    except binascii.Error:
        return False
    return len(data.translate(None, _PRINTABLE)) * 20 <= len(data)


def _is_prose(text: str) -> bool:
    return len(text) >= _PROSE_CHARS and text.count(" ") + text.count("+") >= _PROSE_WORDS
