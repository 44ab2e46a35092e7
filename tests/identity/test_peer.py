"""Who is at the other end of a socket."""

import os
import socket

from gatebook.identity.peer import uid_of


def test_the_kernel_names_the_peer_of_a_unix_socket() -> None:
    """Its user id is that of the process which connected; over TCP there is none."""
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.socket(socket.AF_INET) as tcp:
        assert (uid_of(ours), uid_of(tcp)) == (os.getuid(), None)
