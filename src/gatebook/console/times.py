"""Time ranges of the explorer, and times and durations as people read them. All times are UTC; ranges are half open."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct

SECOND_US = 1_000_000
PRESETS: dict[str, tuple[str, int | None]] = {
    "15m": ("15 min", 15 * 60 * SECOND_US),
    "1h": ("1 h", 3600 * SECOND_US),
    "24h": ("24 h", 86_400 * SECOND_US),
    "7d": ("7 d", 7 * 86_400 * SECOND_US),
    "30d": ("30 d", 30 * 86_400 * SECOND_US),
    "all": ("All", None),
}
DEFAULT_PRESET = "24h"
BUCKETS_MAX = 72
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000)
_LATEST_US = 4_102_444_800 * SECOND_US
_NUMBER = re.compile(r"\d{1,16}")


class Range(Struct, frozen=True, kw_only=True):
    """`[since_us, until_us)`; either end may be open. `preset` is the name of one that ends now, else empty."""

    since_us: int | None = None
    until_us: int | None = None
    preset: str = ""

    @property
    def params(self) -> dict[str, str]:
        """The range as parameters of an address; empty for the default."""
        if self.preset:
            return {} if self.preset == DEFAULT_PRESET else {"range": self.preset}
        ends = {"from": self.since_us, "to": self.until_us}
        return {name: iso(end) for name, end in ends.items() if end is not None}

    @property
    def words(self) -> str:
        """The range as it stands behind a count."""
        if self.preset == "all":
            return "since the book began"
        if self.preset:
            return f"in the last {PRESETS[self.preset][0]}"
        since = f"from {stamp(self.since_us)}" if self.since_us is not None else ""
        until = f"to {stamp(self.until_us)}" if self.until_us is not None else ""
        return f"{since} {until} UTC".strip()


class RangeError(ValueError):
    """The address names a time range that is not one."""


def read_range(params: Mapping[str, str], now_us: int) -> Range:
    """The range that `range`, or `from` and `to`, ask for. Raises RangeError."""
    if params.get("from") or params.get("to"):
        since, until = (parse_time(params[name]) if params.get(name) else None for name in ("from", "to"))
        if since is not None and until is not None and since >= until:
            raise RangeError("The time range ends before it begins.")
        return Range(since_us=since, until_us=until)
    preset = params.get("range") or DEFAULT_PRESET
    if preset not in PRESETS:
        raise RangeError(f"There is no time range {preset[:20]!r}; use one of {', '.join(PRESETS)}.")
    span = PRESETS[preset][1]
    return Range(since_us=None if span is None else now_us - span, preset=preset)


def parse_time(text: str) -> int:
    """RFC 3339 (UTC when it names no zone) or microseconds since 1970. Raises RangeError."""
    if _NUMBER.fullmatch(text):
        found = int(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
            found = round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * SECOND_US)
        except (ValueError, OverflowError):
            raise RangeError(f"{text[:40]!r} is not a time; write it as 2026-01-31T14:00:00Z.") from None
    if not 0 <= found <= _LATEST_US:
        raise RangeError(f"{text[:40]!r} is out of range.")
    return found


def bucket_us(since_us: int, until_us: int) -> int:
    """Width of the histogram's buckets: the smallest round step that gives at most BUCKETS_MAX of them."""
    span_s = max(1, (until_us - since_us) / SECOND_US)
    fitting = (step for step in _STEPS_S if span_s / step <= BUCKETS_MAX - 1)
    return next(fitting, int(span_s / (BUCKETS_MAX - 1)) + 1) * SECOND_US


def ticks_us(since_us: int, until_us: int, count_max: int = 9) -> list[int]:
    """Round moments in the range for the ticks of its axis, not too close to its ends."""
    span_s = max(1, (until_us - since_us) // SECOND_US)
    longest_s = _STEPS_S[-1]
    step_us = next((step for step in _STEPS_S if span_s / step <= count_max), -(-span_s // (count_max * longest_s)) * longest_s) * SECOND_US
    first = -(-since_us // step_us) * step_us
    margin_us = (until_us - since_us) // 60
    return [at for at in range(first, until_us, step_us) if since_us + margin_us <= at <= until_us - margin_us]


def iso(time_us: int) -> str:
    """RFC 3339 in UTC, to the microsecond where there are any."""
    moment = datetime.fromtimestamp(time_us / SECOND_US, UTC).replace(tzinfo=None, microsecond=time_us % SECOND_US)
    return moment.isoformat(timespec="microseconds" if time_us % SECOND_US else "seconds") + "Z"


def stamp(time_us: int | None) -> str:
    """Date and time to the second; a number that no calendar has as it is."""
    if time_us is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(time_us // SECOND_US, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return f"{time_us} µs"


def clock(time_us: int) -> str:
    """Time of day to the millisecond."""
    return f"{datetime.fromtimestamp(time_us // SECOND_US, UTC):%H:%M:%S}.{time_us % SECOND_US // 1000:03d}"


def day(time_us: int) -> str:
    """The day in words."""
    return f"{datetime.fromtimestamp(time_us // SECOND_US, UTC):%A, %-d %B %Y}"


def axis(time_us: int, span_us: int) -> str:
    """A tick of the time axis, as exact as the span asks for."""
    form = "%H:%M:%S" if span_us <= 600 * SECOND_US else "%H:%M" if span_us <= 2 * 86_400 * SECOND_US else "%-d %b"
    return f"{datetime.fromtimestamp(time_us // SECOND_US, UTC):{form}}"


def duration(us: int | None) -> str:
    """A duration with its unit, three digits or so."""
    if us is None:
        return "–"
    if us < 1000:
        return f"{us} µs"
    if us < 10_000:
        return f"{us / 1000:.1f} ms"
    if us < SECOND_US:
        return f"{us / 1000:.0f} ms"
    if us < 100 * SECOND_US:
        return f"{us / SECOND_US:.2f} s"
    return f"{us / SECOND_US / 60:.1f} min"


def duration_words(us: int) -> str:
    """A round duration in one unit, such as the width of a bucket."""
    seconds = us // SECOND_US
    for unit, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {word}"
    return f"{seconds} s"


def ago(us: int) -> str:
    """How long ago, in words."""
    seconds = max(0, us // SECOND_US)
    if seconds < 5:
        return "just now"
    if seconds < 100:
        return f"{seconds} s ago"
    if seconds < 6000:
        return f"{seconds // 60} min ago"
    return f"{seconds // 3600} h ago" if seconds < 172_800 else f"{seconds // 86_400} days ago"
