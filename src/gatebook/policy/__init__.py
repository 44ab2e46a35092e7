"""May this call happen? Rules as data and pure functions over them. No files, sockets, clocks, randomness or logging."""
