"""Everything that changes state, on the record: the desk, its server on a unix socket, and its client."""
