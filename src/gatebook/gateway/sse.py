"""Server-sent events, split without changing a byte (HTML standard, section 9.2.6; streams may end lines by LF, CRLF or CR).

Pure: bytes in, events out.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

# A blank line after a line. After a lone CR it ends at the next CR: an LF behind that is left to the next event, where it is one more
# blank line, so that a stream of CR alone does not have to be waited for.
_END = re.compile(rb"\r\r|(?:\r\n|(?<!\r)\n)(?:\n|\r\n|\r)")
_MARK = b"\xef\xbb\xbf"
_LINE = re.compile(rb"\r\n|\n|\r")


class EventTooLarge(ValueError):
    """An event is larger than the limit."""


class Event(Struct, frozen=True):
    """One event: its bytes with the blank line that ends it, and what they say."""

    raw: bytes
    data: bytes
    name: bytes = b""
    id: bytes | None = None


class Splitter:
    """Cuts a stream into events. Bytes after the last blank line are kept until more arrive."""

    def __init__(self, event_bytes_max: int) -> None:
        self._rest = bytearray()
        self._scanned = 0
        self._first = True
        self._event_bytes_max = event_bytes_max

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that this chunk completes. Raises EventTooLarge."""
        self._rest += chunk
        while match := _END.search(self._rest, max(0, self._scanned - 3)):
            # The blank line may end in CR LF, cut in two by the chunk: the next byte decides.
            if match.end() == len(self._rest) and match.group() in (b"\n\r", b"\r\n\r"):
                break
            if match.end() > self._event_bytes_max:
                break
            raw = bytes(self._rest[: match.end()])
            del self._rest[: match.end()]
            self._scanned = 0
            # Clients skip a byte order mark at the start of a stream; what stands behind it must not escape notice.
            event = parse(raw.removeprefix(_MARK), raw) if self._first else parse(raw)
            self._first = False
            yield event
        else:
            self._scanned = len(self._rest)
        if len(self._rest) > self._event_bytes_max:
            raise EventTooLarge(f"an event is larger than {self._event_bytes_max} bytes")

    @property
    def rest(self) -> bytes:
        """Bytes of an event that was begun and not ended."""
        return bytes(self._rest)


def parse(text: bytes, raw: bytes | None = None) -> Event:
    """Read one event; `raw` are its bytes where they are not the text."""
    data: list[bytes] = []
    name = b""
    id_text: bytes | None = None
    for line in _LINE.split(text):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field == b"id":
            id_text = value
    return Event(text if raw is None else raw, b"\n".join(data), name, id_text)


def event(message: bytes) -> bytes:
    """Write a message as one event. A JSON text holds raw line ends only between tokens, so they may become several data lines."""
    lines = _LINE.split(message)
    return b"event: message\n" + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"
