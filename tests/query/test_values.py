"""Values of each kind: units, times and their width."""

import pytest

from gatebook.query import FIELDS, QueryError
from gatebook.query.tree import Ago, Compare, Day, Span
from gatebook.query.values import bound, choice, compared, is_number, moment, number, quantity

NOON = 1_793_534_400_000_000  # 2026-11-01T12:00:00Z
DAY_US = 86_400_000_000


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("duration", "250us", 250),
        ("duration", "1.5s", 1_500_000),
        ("duration", "-1ms", -1000),
        ("duration", "2m", 120_000_000),
        ("bytes_in", "512", 512),
        ("bytes_in", "1.5k", 1500),
        ("bytes_in", "2KiB", 2048),
        ("bytes_in", "-0.5k", -500),
        ("messages", "3", 3),
    ],
)
def test_quantities_are_read_in_their_unit(field: str, text: str, expected: int) -> None:
    """Durations are microseconds, sizes bytes."""
    assert quantity(FIELDS[field], text, 0) == expected


@pytest.mark.parametrize(
    ("text", "start", "width_us"),
    [
        ("2026-11-01", NOON - DAY_US // 2, DAY_US),
        ("2026-11", NOON - DAY_US // 2, 30 * DAY_US),
        ("9999-12", 253_399_622_400_000_000, 31 * DAY_US),
        ("2026-11-01T12:00", NOON, 60_000_000),
        ("2026-11-01T12:00:00", NOON, 1_000_000),
        ("2026-11-01T12:00:00.000", NOON, 1000),
        ("2026-11-01T13:00+01:00", NOON, 60_000_000),
        ("2026-11-01T12:00Z", NOON, 60_000_000),
    ],
)
def test_a_time_has_the_width_of_its_unit(text: str, start: int, width_us: int) -> None:
    """A day stands for all of it, a minute for its sixty seconds."""
    assert moment(text, 0) == (start, width_us)


def test_a_time_may_be_relative() -> None:
    """-90m is ninety minutes before the query is run."""
    assert moment("-90m", 0) == (Ago(5_400_000_000), 0)
    assert moment("now", 0) == (Ago(0), 0)
    assert moment("now-90m", 0) == moment("-90m", 0)
    assert moment("Yesterday", 0) == (Day(1), DAY_US)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100", 100.0), ("-0.5", -0.5), ("10k", 10_000.0), ("1.5MiB", 1_572_864.0), ("1e3", 1000.0), ("2E-2", 0.02), ("007", 7.0)],
)
def test_numbers_beside_arguments_may_have_units(text: str, expected: float) -> None:
    """As sizes have them, and exponents as JSON has them."""
    assert number(text, 0) == expected and is_number(text)


@pytest.mark.parametrize("text", ["", "k", "1e", "1e999", "10s", "0x10", "٣", "1" * 16, "nan", "inf", "1_000"])
def test_other_texts_are_no_numbers(text: str) -> None:
    """Nothing is guessed."""
    assert not is_number(text)
    with pytest.raises(QueryError):
        number(text, 0)


def test_comparisons_with_a_day_mean_the_whole_day() -> None:
    """After a day is after its end; on a day is from its beginning to the next."""
    time, start = FIELDS["time"], NOON - DAY_US // 2
    assert compared(time, "gt", "2026-11-01", 0) == Compare("time", "ge", start + DAY_US)
    assert compared(time, "le", "2026-11-01", 0) == Compare("time", "lt", start + DAY_US)
    assert compared(time, "ge", "2026-11-01", 0) == Compare("time", "ge", start)
    assert compared(time, "eq", "2026-11-01", 0) == Span("time", start, start + DAY_US)


def test_an_end_of_a_range_may_be_open() -> None:
    """Nothing before or behind the dots is no bound."""
    assert bound(FIELDS["time"], "", 0) is None
    assert bound(FIELDS["messages"], "7", 0) == 7


@pytest.mark.parametrize("text", ["2026-13-01", "2026-11-01T25:00", "0000-01-01", "11/01/2026", "--1h", "-1y"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """Also dates that look right but do not exist."""
    with pytest.raises(QueryError):
        moment(text, 0)


def test_closed_sets_name_what_is_nearest() -> None:
    """A misspelt status is refused with the status that was meant."""
    with pytest.raises(QueryError) as caught:
        choice(FIELDS["status"], "blokced", 3)
    assert (caught.value.nearest, caught.value.position) == ("blocked", 3)
