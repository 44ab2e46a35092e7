"""What a connector says of its tools, and whether that may be trusted. Pure: no files, sockets, clocks, randomness or logging."""
