"""Time ranges as people write them in a form: typed in words, or as two ends in the time of the zone that they see."""

from collections.abc import Mapping

from gatebook.console.times import PRESETS, SECOND_US, Range, RangeError, parse_time
from gatebook.console.zones import Zone
from gatebook.query import QueryError
from gatebook.query.span import read_span


def read(params: Mapping[str, str], zone: Zone, now_us: int) -> Range:
    """The range of `when`, or of `from` and `to`. Raises RangeError with what would be right."""
    typed = params.get("when", "").strip()
    if typed:
        return _typed(typed, zone, now_us)
    ends = [_end(params.get(name, ""), zone) for name in ("from", "to")]
    since, until = ends
    if since is None and until is None:
        raise RangeError("Say when the range begins, when it ends, or both.")
    if since is not None and until is not None and since >= until:
        raise RangeError("The range ends before it begins.")
    return Range(since_us=since, until_us=until)


def _typed(text: str, zone: Zone, now_us: int) -> Range:
    if text in PRESETS:
        return Range(preset=text)
    try:
        found = read_span(text, now_us, _minutes(zone, now_us))
        # The clocks may have been changed between then and now.
        if _minutes(zone, found[0]) != _minutes(zone, now_us):
            found = read_span(text, now_us, _minutes(zone, found[0]))
    except QueryError as error:
        raise RangeError(f"{error.message[:1].upper()}{error.message[1:]}. Expected: {error.expected}.") from None
    return Range(since_us=found[0], until_us=found[1])


def _minutes(zone: Zone, at_us: int) -> int:
    return zone.offset_us(at_us) // (60 * SECOND_US)


def _end(text: str, zone: Zone) -> int | None:
    """One end; a time without a zone of its own is read in that of the clocks that are shown."""
    text = text.strip()
    if not text:
        return None
    at = parse_time(text)
    bare = "Z" not in text.upper() and "+" not in text and text.count("-") < 3 and not text.isdigit()
    return at - zone.offset_us(at - zone.offset_us(at)) if bare else at
