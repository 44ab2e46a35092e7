"""The mechanics of long-running processes: listeners, background threads, and the supervisor of `gatebook up`."""
