"""The socket of the command line."""

import stat
from pathlib import Path

import pytest

from gatebook.control import unix_socket


@pytest.mark.parametrize("depth", [0, 12])
def test_the_socket_is_for_its_owner_alone_at_any_path(depth: int, tmp_path: Path) -> None:
    """Paths longer than the kernel's 107 bytes work too; an old socket at the path is replaced."""
    path = tmp_path.joinpath(*["directory"] * depth, "keeper.sock")
    unix_socket.listen(path).close()
    listener = unix_socket.listen(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listener.setblocking(True)
    connection = unix_socket.connect(path, 1.0)
    accepted, _ = listener.accept()
    connection.sendall(b"hello")
    assert accepted.recv(5) == b"hello"
    for part in (accepted, connection, listener):
        part.close()


def test_nobody_listening_is_an_error_at_once(tmp_path: Path) -> None:
    """A missing socket and one that was left behind are told from a slow keeper."""
    with pytest.raises(FileNotFoundError):
        unix_socket.connect(tmp_path / "absent.sock", 1.0)
    unix_socket.listen(tmp_path / "left.sock").close()
    with pytest.raises(ConnectionRefusedError):
        unix_socket.connect(tmp_path / "left.sock", 1.0)
