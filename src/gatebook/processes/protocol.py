"""HTTP/1.1 as uvicorn reads it, with bounds on what comes before the body, and refusals that say what is wrong (RFC 9457)."""

import asyncio
from typing import Final

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gatebook.identity.peer import PEER_UID, uid_of

URL_BYTES_MAX: Final = 65_535
"""More the parser cannot read: it counts in 16 bits."""

HEAD_BYTES_MAX: Final = 256 * 1024
"""Request line and headers together. The parser itself would keep any number of them in memory."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    _reading_head = False
    _head_bytes = 0
    _peer_uid: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected; on a unix socket the kernel knows who."""
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        self._peer_uid = None if peer is None else uid_of(peer)

    def data_received(self, data: bytes) -> None:
        """Read on; a head that does not end is refused."""
        super().data_received(data)
        if not self._reading_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(431, "Request header fields too large", f"Address and headers have more than {HEAD_BYTES_MAX:,} bytes.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._reading_head = True
        self._head_bytes = 0
        super().on_message_begin()
        if self._peer_uid is not None:
            self.scope[PEER_UID] = self._peer_uid  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """All of the head is there."""
        self._reading_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Say why a request could not be read; uvicorn calls this for everything that its parser refuses."""
        if len(getattr(self, "url", b"")) > URL_BYTES_MAX:
            detail = (
                f"The address has {len(self.url):,} bytes; at most {URL_BYTES_MAX:,} are read. A character beyond ASCII takes up to twelve."
            )
            self._refuse(414, "URI too long", detail)
        else:
            self._refuse(400, "Bad request", "This is not a request of HTTP/1.1 that can be read.")

    def _refuse(self, status: int, title: str, detail: str) -> None:
        body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
        head = (
            f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        self.transport.close()
