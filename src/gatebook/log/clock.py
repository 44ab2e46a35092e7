"""Where the log gets its time from; injected, so that tests can step it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks, microseconds: the wall clock since 1970, and one that never steps."""

    def wall_us(self) -> int: ...

    def monotonic_us(self) -> int: ...


class SystemClock:
    """The clocks of the machine."""

    def wall_us(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1000

    def monotonic_us(self) -> int:
        """Microseconds of the monotonic clock."""
        return time.monotonic_ns() // 1000
