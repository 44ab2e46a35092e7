"""Requests that change something: where they may come from, and what their body is."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from gatebook.api.problems import Problem
from gatebook.reading.viewer import Viewer

BODY_BYTES_MAX: Final = 64 * 1024
_REGEX: Final = re.compile(r"Expected `str` matching regex '.*'(?= - at|$)", re.DOTALL)


def check_origin(request: Request, viewer: Viewer) -> None:
    """Refuse a change that a foreign page could have a signed-in browser send. Raises Problem(403).

    Whoever sends a token, or comes by the unix socket, does so on purpose; the cookie of a console session is sent by the browser alone.
    """
    if viewer.principal.auth != "session":
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    same = site == "same-origin" if site is not None else origin is not None
    if origin is not None:
        same = same and urlsplit(origin).netloc == request.headers.get("host", "")
    if not same:
        detail = (
            "A change with the session of a browser must come from the console itself (Sec-Fetch-Site or Origin); or send an access token."
        )
        raise Problem(403, "Not from here", detail)


async def read_body(request: Request, kind: Any) -> Any:
    """The JSON body as `kind`. Raises Problem: 413 too large, 415 not JSON by its content type, 400 not of that shape."""
    sort = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sort != "application/json":
        raise Problem(415, "Not JSON", "Send the body as application/json.")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_BYTES_MAX:
            raise Problem(413, "The body is too large", f"At most {BODY_BYTES_MAX:,} bytes are read.")
    try:
        return _decoded(bytes(data), kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        said = _REGEX.sub("Expected visible characters, the first of a name no space", str(error))
        raise Problem(400, "The body is not valid", f"The body cannot be read: {said}.") from None


def _decoded(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError:
        # In JSON 5.0 is the whole number 5.
        again = msgspec.json.encode(_whole(msgspec.json.decode(data)))
        try:
            return msgspec.json.decode(again, type=kind)
        except msgspec.ValidationError:
            pass
        raise


def _whole(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _whole(item) for name, item in value.items()}
        case list():
            return [_whole(item) for item in value]
    return value
