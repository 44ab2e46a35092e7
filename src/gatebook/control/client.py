"""The command line's side of the keeper's unix socket. Plain blocking HTTP/1.1."""

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gatebook.control import unix_socket

TIMEOUT_S = 30.0
USER_HEADER = "X-Gatebook-User"
_PIECE_BYTES = 1 << 20


class KeeperAbsent(Exception):
    """Nobody answers on the keeper's socket."""


class KeeperRefused(Exception):
    """The keeper answered with an error; the text is for people. `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class KeeperClient:
    """Talks to the keeper on this machine. `user` is who acts, as the record will name them."""

    def __init__(self, socket_path: Path, user: str, timeout_s: float = TIMEOUT_S) -> None:
        self._socket_path = socket_path
        self._user = user
        self._timeout_s = timeout_s

    def get(self, path: str) -> Any:
        """GET a path, such as `/api/v1/calls?q=...`; returns the JSON. Raises KeeperAbsent, KeeperRefused."""
        return self._request("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        """POST JSON; returns the JSON of the answer. Raises KeeperAbsent, KeeperRefused."""
        return self._request("POST", path, json.dumps(body).encode())

    def delete(self, path: str) -> None:
        """DELETE a path. Raises KeeperAbsent, KeeperRefused."""
        connection, response = self._send("DELETE", path, None, timeout_s=self._timeout_s)
        try:
            self._check(response)
            response.read()
        finally:
            connection.close()

    def pieces(self, path: str, start: int = 0, tag: str = "") -> Iterator[bytes]:
        """GET a file from byte `start` on, as long as it is the one that the ETag `tag` names; yields its bytes as they come.

        The first piece is empty when the answer goes on at `start`; without that the file comes whole. Raises KeeperAbsent, KeeperRefused.
        """
        headers = {"Range": f"bytes={start}-", "If-Range": tag} if start else {}
        connection, response = self._send("GET", path, None, timeout_s=self._timeout_s, headers=headers)
        try:
            self._check(response)
            if response.status == 206:
                yield b""
            left = int(response.headers.get("Content-Length", 0))
            while left > 0:
                piece = response.read(min(_PIECE_BYTES, left))
                if not piece:
                    raise KeeperAbsent("the download broke off")
                left -= len(piece)
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise KeeperAbsent(f"the download broke off: {error}") from error
        finally:
            connection.close()

    def lines(self, path: str) -> Iterator[bytes]:
        """GET a path whose answer does not end; yields its lines as they come. Raises KeeperAbsent, KeeperRefused."""
        connection, response = self._send("GET", path, None, timeout_s=None)
        try:
            self._check(response)
            while line := response.readline():
                yield line.rstrip(b"\r\n")
        finally:
            connection.close()

    def _request(self, method: str, path: str, body: bytes | None) -> Any:
        connection, response = self._send(method, path, body, timeout_s=self._timeout_s)
        try:
            self._check(response)
            return json.loads(response.read() or b"null")
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise KeeperAbsent(f"the keeper's answer could not be read: {error}") from error
        finally:
            connection.close()

    def _send(
        self, method: str, path: str, body: bytes | None, timeout_s: float | None, headers: Mapping[str, str] | None = None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        try:
            stream = unix_socket.connect(self._socket_path, self._timeout_s)
        except OSError as error:
            raise KeeperAbsent(f"no keeper answers on {self._socket_path}") from error
        stream.settimeout(timeout_s)
        connection = http.client.HTTPConnection("keeper")
        connection.sock = stream
        headers = {**(headers or {}), USER_HEADER: self._user.encode("ascii", "replace").decode()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body=body, headers=headers)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise KeeperAbsent(f"the keeper did not answer: {error}") from error

    def _check(self, response: http.client.HTTPResponse) -> None:
        if response.status < 400:
            return
        raw = response.read(1 << 20)
        try:
            text = str(json.loads(raw)["error"])
        except (ValueError, KeyError, TypeError):
            text = raw.decode(errors="replace") or response.reason
        raise KeeperRefused(response.status, text)
