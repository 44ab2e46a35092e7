"""What people can read in a connector's answer."""

import msgspec
from msgspec import Struct

_TEXTS_MAX = 20
_CHARACTERS_MAX = 20_000


class _Text(Struct):
    text: str = ""


class _Result(Struct):
    content: list[_Text] = []


class _Error(Struct):
    message: str = ""


class _Answer(Struct):
    result: _Result | None = None
    error: _Error | None = None


_decode_answer = msgspec.json.Decoder(_Answer).decode


def texts_of(response: bytes) -> list[str]:
    """The texts of a tool's result, or the message of an error; empty when the answer is of another form."""
    try:
        message = _decode_answer(response)
    except (msgspec.MsgspecError, RecursionError):
        return []
    if message.error is not None:
        texts = [message.error.message]
    else:
        texts = [part.text for part in message.result.content] if message.result else []
    return [text[:_CHARACTERS_MAX] for text in texts if text][:_TEXTS_MAX]
