"""Who is at the other end of a unix socket, as the kernel says (unix(7), SO_PEERCRED)."""

import socket
import struct
from typing import Final

PEER_UID: Final = "gatebook.peer_uid"
"""Key of the ASGI scope: the user id of the peer; not there on TCP."""
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid


def uid_of(connection: socket.socket) -> int | None:
    """User id of the process that connected; None on anything but a unix socket."""
    if connection.family != socket.AF_UNIX:
        return None
    uid: int = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1]
    return uid
