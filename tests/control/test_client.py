"""The client against servers that misbehave."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatebook.control import unix_socket
from gatebook.control.client import KeeperAbsent, KeeperClient, KeeperRefused

Serve = Callable[[bytes], KeeperClient]


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Serve]:
    """Makes a server that answers one connection with given bytes and hangs up."""
    listener: socket.socket | None = None
    thread: threading.Thread | None = None

    def serve(answer: bytes) -> KeeperClient:
        nonlocal listener, thread
        listener = unix_socket.listen(tmp_path / "k.sock")
        listener.setblocking(True)

        def once(listening: socket.socket) -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=once, args=(listener,))
        thread.start()
        return KeeperClient(tmp_path / "k.sock", "ána", timeout_s=2.0)

    yield serve
    if thread is not None:
        thread.join()
    if listener is not None:
        listener.close()


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", b"HTTP/1.1 200 OK\r\n\r\nnot json"]
)
def test_a_keeper_that_dies_or_babbles_counts_as_absent(answer: bytes, answering: Serve) -> None:
    """Nothing but a whole JSON answer is one."""
    client = answering(answer)
    with pytest.raises(KeeperAbsent):
        client.get("/status")


def test_an_error_without_json_is_shown_as_it_is(answering: Serve) -> None:
    """An error of another layer still reaches the person."""
    client = answering(b"HTTP/1.1 500 Oh\r\ncontent-length: 5\r\n\r\nplain")
    with pytest.raises(KeeperRefused, match="plain"):
        client.get("/status")
