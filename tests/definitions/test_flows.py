"""A flow is toxic when strangers' words, private data and a way out come in that order, in time."""

import timeit
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.flows import FRESH, WINDOW_US, Flow, Toxic, step
from gatebook.definitions.labels import DESTRUCTIVE, PRIVATE, SINK, UNREVIEWED, UNTRUSTED

MINUTE_US = 60_000_000
calls = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 20)), max_size=12)


def play(*steps: tuple[int, int]) -> list[Toxic | None]:
    """Play calls: labels and minutes since the call before. The ids are a, b, c and so on."""
    flow, time_us, found = FRESH, 0, []
    for number, (labels, minutes) in enumerate(steps):
        time_us += minutes * MINUTE_US
        flow, toxic = step(flow, labels, chr(ord("a") + number), time_us)
        found.append(toxic)
    return found


def test_the_three_in_order_are_toxic() -> None:
    """All three calls are named, and how far they lie apart."""
    assert play((UNTRUSTED, 0), (PRIVATE, 5), (SINK, 5)) == [None, None, Toxic("untrusted_private_sink", ("a", "b", "c"), 10 * MINUTE_US)]


def test_private_data_before_a_way_out_is_a_lesser_flow() -> None:
    """Also when strangers' words came only after the data."""
    assert play((PRIVATE, 0), (SINK, 1))[-1] == Toxic("private_sink", ("a", "b"), MINUTE_US)
    assert play((PRIVATE, 0), (UNTRUSTED, 1), (SINK, 1))[-1] == Toxic("private_sink", ("a", "c"), 2 * MINUTE_US)


def test_other_orders_are_not_toxic() -> None:
    """A way out before the data, or without data, carries nothing."""
    assert play((SINK, 0), (PRIVATE, 1), (UNTRUSTED, 1)) == play((UNTRUSTED, 0), (SINK, 1), (DESTRUCTIVE, 1)) == [None, None, None]


def test_one_call_alone_is_not_toxic_but_the_next_is() -> None:
    """A tool of an unknown server may do all three: its arguments left before its answer came."""
    assert play((UNREVIEWED, 0)) == [None]
    assert play((UNREVIEWED, 0), (UNREVIEWED, 1))[-1] == Toxic("untrusted_private_sink", ("a", "a", "b"), MINUTE_US)


def test_the_window_ends_after_thirty_minutes() -> None:
    """At thirty minutes a flow counts, after that the older part of it does not."""
    assert play((UNTRUSTED, 0), (PRIVATE, 20), (SINK, 10))[-1] is not None
    assert play((UNTRUSTED, 0), (PRIVATE, 20), (SINK, 11))[-1] == Toxic("private_sink", ("b", "c"), 11 * MINUTE_US)
    assert play((PRIVATE, 0), (SINK, 31))[-1] is None


@given(calls)
def test_the_state_remembers_enough(steps: list[tuple[int, int]]) -> None:
    """The few ids that are kept give what looking at the whole session gives."""
    minutes = list(accumulate(wait for _, wait in steps))
    for number, ((labels, _), found) in enumerate(zip(steps, play(*steps), strict=True)):
        earlier = range(number)
        private = max((at for at in earlier if steps[at][0] & PRIVATE), default=None)
        untrusted = max((at for at in earlier if steps[at][0] & UNTRUSTED and private is not None and at <= private), default=None)
        expected: tuple[int, ...] = ()
        if labels & SINK and private is not None:
            if untrusted is not None and minutes[number] - minutes[untrusted] <= 30:
                expected = untrusted, private, number
            elif minutes[number] - minutes[private] <= 30:
                expected = private, number
        assert (found.calls if found else ()) == tuple(chr(ord("a") + at) for at in expected)
        assert found is None or (found.kind == "private_sink") is (len(expected) == 2)


def test_a_flow_is_unchanged_by_calls_that_read_nothing() -> None:
    """The very same state comes back, so that nothing has to be stored."""
    flow, _ = step(FRESH, PRIVATE, "a", 0)
    assert step(flow, SINK, "b", 1)[0] is step(flow, DESTRUCTIVE, "b", 1)[0] is step(flow, 0, "b", 1)[0] is flow
    assert Flow() == FRESH and WINDOW_US == 30 * MINUTE_US


def test_a_step_takes_microseconds() -> None:
    """It stands in the way of every call: the best of several rounds is below ten, on any machine."""
    flow, _ = step(FRESH, UNREVIEWED, "a", 0)
    assert min(timeit.repeat(lambda: step(flow, UNREVIEWED, "b", 1), number=2_000, repeat=5)) / 2_000 < 10e-6
