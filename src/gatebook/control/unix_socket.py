"""The unix socket between the command line and the keeper: whoever may open the file may do everything, so only its owner may."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

# sun_path holds 108 bytes with its final zero; a longer path is reached through a descriptor of its directory.
_PATH_BYTES_MAX = 107


def listen(path: Path, backlog: int = 64) -> socket.socket:
    """Make a listening socket, mode 0600 from its first moment; an old one at the path is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with _address(path) as address:
            listener.bind(address)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.listen(backlog)
    listener.setblocking(False)
    return listener


def connect(path: Path, timeout_s: float) -> socket.socket:
    """Connect to a socket. Raises OSError: FileNotFoundError or ConnectionRefusedError when nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        with _address(path) as address:
            connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
