"""Events are cut out of a stream without changing a byte, however the stream is cut into chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway import sse

MAX = 1 << 20
pieces = st.lists(
    st.sampled_from(
        [
            b"data: a",
            b"data:b",
            b"data",
            b"event: message",
            b"id: 7",
            b": comment",
            b"x",
            b"\n",
            b"\n",
            b"\r\n",
            b"\r",
            b"\xff",
            b"retry: 5",
        ]
    ),
    max_size=30,
).map(b"".join)


def split(chunks: list[bytes]) -> tuple[list[sse.Event], bytes]:
    """Feed the chunks; return the events and what is left."""
    splitter = sse.Splitter(MAX)
    return [event for chunk in chunks for event in splitter.feed(chunk)], splitter.rest


def lines_of(stream: bytes) -> list[bytes]:
    """Cut a whole stream into lines as the standard says, in the slowest and plainest way; the last one is unfinished."""
    lines, current, at = [], b"", 0
    while at < len(stream):
        byte = stream[at : at + 1]
        at += 1
        if byte not in (b"\r", b"\n"):
            current += byte
            continue
        at += byte == b"\r" and stream[at : at + 1] == b"\n"
        lines.append(current)
        current = b""
    return [*lines, current]


def dispatched(stream: bytes) -> list[bytes]:
    """Return the data of all events with data in a stream, by the algorithm of the standard."""
    found: list[bytes] = []
    data: list[bytes] = []
    for line in lines_of(stream)[:-1]:
        name, _, value = line.partition(b":")
        if not line:
            if data:
                found.append(b"\n".join(data))
            data = []
        elif name == b"data":
            data.append(value.removeprefix(b" "))
    return found


@given(pieces, st.lists(st.integers(0, 200), max_size=8))
def test_chunks_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    """However a stream arrives, the same events come out, and no byte is lost or changed."""
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    events, rest = split([stream[a:b] for a, b in zip(edges, edges[1:], strict=False)])
    whole, whole_rest = split([stream])
    assert b"".join(event.raw for event in events) + rest == stream
    assert [event.data for event in events if event.data] == [event.data for event in whole if event.data]
    bytewise, _ = split([bytes([byte]) for byte in stream])
    assert [(event.data, event.id, event.name) for event in bytewise if event.data] == [(e.data, e.id, e.name) for e in whole if e.data]


@given(pieces)
def test_events_are_those_of_the_standard(stream: bytes) -> None:
    """Lines may end by LF, CRLF or CR, mixed; what comes out is what a browser would dispatch, but for an end that is still open."""
    events, rest = split([stream])
    expected = dispatched(stream)
    found = [
        event.data for event in events if b"data" in event.raw and any(line.partition(b":")[0] == b"data" for line in lines_of(event.raw))
    ]
    # A stream that ends in CR may go on with the LF of the same line end, so its last event may be kept back.
    assert found == expected or (found == expected[:-1] and rest.endswith(b"\r"))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends(end: bytes) -> None:
    """An event is there as soon as its blank line is, for all three line ends."""
    stream = end.join([b"event: message", b"id: 5", b"data: one", b"data: two", b"", b""])
    events, rest = split([stream])
    assert [(event.raw, event.data, event.name, event.id) for event in events] == [(stream, b"one\ntwo", b"message", b"5")]
    assert rest == b""


def test_comments_and_empty_events_have_no_data() -> None:
    """Comments, bare ids and unknown fields are events without data; they keep their bytes."""
    events, _ = split([b": hi\n\nid: 3\ndata:\n\nwhatever: 1\n\n"])
    assert [(event.data, event.id) for event in events] == [(b"", None), (b"", b"3"), (b"", None)]


def test_a_byte_order_mark_hides_nothing() -> None:
    """Clients skip a mark at the start of a stream, so what stands behind it is read."""
    events, _ = split([b"\xef\xbb", b"\xbfdata: 1\n\n", b"\xef\xbb\xbfdata: 2\n\n"])
    assert [event.data for event in events] == [b"1", b""]
    assert events[0].raw == b"\xef\xbb\xbfdata: 1\n\n"


def test_an_endless_event_is_refused() -> None:
    """An event above the limit raises at once, and one just below it does not."""
    splitter = sse.Splitter(100)
    assert len(list(splitter.feed(b"data: " + b"x" * 92 + b"\n\n"))) == 1
    with pytest.raises(sse.EventTooLarge):
        list(splitter.feed(b"x" * 101))


def test_a_whole_event_above_the_limit_is_refused_too() -> None:
    """The limit holds for an event that arrives in one piece."""
    with pytest.raises(sse.EventTooLarge):
        list(sse.Splitter(100).feed(b"data: " + b"x" * 200 + b"\n\n"))


def test_long_events_take_linear_time() -> None:
    """A large event in small chunks is not scanned again from its start for each of them."""
    splitter = sse.Splitter(8 << 20)
    list(splitter.feed(b"data: "))
    for _ in range(4000):
        assert list(splitter.feed(b"x" * 1000)) == []
    assert len(next(iter(splitter.feed(b"\n\n"))).data) == 4_000_000


@given(st.text(alphabet=st.sampled_from(list('{}[]",: \n\rab\u2028\u00e9'))))
def test_a_message_goes_in_and_comes_out(text: str) -> None:
    """What is written as an event reads back as the same JSON text, with line ends between tokens as LF."""
    message = text.encode()
    events, rest = split([sse.event(message)])
    assert rest == b"" and len(events) == 1
    assert events[0].data == message.replace(b"\r\n", b"\n").replace(b"\r", b"\n") and events[0].name == b"message"
