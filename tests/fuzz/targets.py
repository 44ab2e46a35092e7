"""What the fuzzer feeds: the parsers that read bytes from outside. Each target takes bytes and fails only on a bug.

    python -m tests.fuzz.targets wire|sse|frames|query|arguments [SECONDS [DIRECTORY]]

Coverage-guided; needs `pip install atheris` (Linux, CPython). The directory keeps the inputs that were found, from run to run.
"""

import contextlib
import json
import operator
import sys
from collections.abc import Callable
from pathlib import Path

from gatebook.gateway import headers, sse, wire
from gatebook.log import frames
from gatebook.query import QueryError, complete, leaves, parse, parser, paths, render, span, values

DEPTH_MAX = 64
EVENT_BYTES_MAX = 1 << 16
NOW_US = 1_793_534_400_000_000


def wire_target(data: bytes) -> None:
    """A body is a message or a WireError, and a message is what json makes of the same bytes."""
    try:
        message = wire.parse(data, DEPTH_MAX)
    except wire.WireError:
        return
    loaded = json.loads(data)
    assert message.raw == data and message.method == loaded.get("method", "")
    assert message.params is None or json.loads(message.params) == loaded["params"]
    assert message.id is None or json.loads(message.id) == loaded["id"]
    again = wire.parse_answer(wire.with_id(message, b"7") if message.kind != "notification" else message.raw)
    assert (again.kind, again.params, again.result) == (message.kind, message.params, message.result)
    try:
        head = wire.params_head(message.params)
    except wire.WireError:
        return
    try:
        headers.check_modern({}, message, head)
    except headers.HeaderError:
        return
    raise AssertionError("a request without headers has passed")


def sse_target(data: bytes) -> None:
    """However a stream is cut, its events are the same and no byte is lost; the first byte says where to cut."""
    step, stream = (data[0] % 16 + 1, data[1:]) if data else (1, b"")
    found = []
    for size in (len(stream) or 1, step):
        splitter = sse.Splitter(EVENT_BYTES_MAX)
        events = [event for at in range(0, len(stream), size) for event in splitter.feed(stream[at : at + size])]
        assert b"".join(event.raw for event in events) + splitter.rest == stream
        found.append([(event.data, event.name, event.id) for event in events if event.data])
    assert found[0] == found[1]


def frames_target(data: bytes) -> None:
    """Bytes at any place are a frame, an end or a named fault; a frame is within the bytes."""
    frames.parse_segment_header(data)
    at = 0
    while at < len(data):
        read = frames.parse_frame(data, at)
        if not isinstance(read, frames.Frame):
            assert isinstance(read, frames.Bad | frames.End)
            return
        assert at < read.end <= len(data)
        at = read.end


def query_target(data: bytes) -> None:
    """Text is a query that is written back as an equal one, or a QueryError within it; it can be completed at any place, and read as a range of time."""
    text = data.decode("utf-8", "surrogateescape")
    complete.complete(text, len(text) // 2)
    complete.complete(text, len(text))
    with contextlib.suppress(QueryError):
        assert operator.lt(*span.read_span(text, NOW_US))
    try:
        tree = parse(text).tree
    except QueryError as error:
        assert 0 <= error.position <= len(text)
        return
    again = render.render(tree)
    assert len(again) > parser.LENGTH_MAX or parse(again).tree == tree


def arguments_target(data: bytes) -> None:
    """Bytes have arguments within the limits, each written as a query writes it, or none."""
    found = paths.pairs(data)
    assert len(found) <= paths.PAIRS_MAX
    for pair in found:
        path, value = pair.split(paths.SEPARATOR, 1)
        assert path == paths.path_of(path) and value == paths.value_of(value)
        assert len(path) <= paths.PATH_CHARS_MAX and len(value) <= paths.VALUE_CHARS_MAX
        paths.number_of(value)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "wire": wire_target,
    "sse": sse_target,
    "frames": frames_target,
    "query": query_target,
    "arguments": arguments_target,
}
SEEDS: dict[str, list[bytes]] = {
    "wire": [
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":[1.5,null]},"_meta":{}}}',
        b'{"jsonrpc":"2.0","id":"a","result":{}}',
    ],
    "sse": [b"\x03event: message\ndata: {}\n\n: c\r\n\r\ndata: 1\rdata: 2\r\rid: 5\n\n"],
    "query": [
        b'connector:github -status:(ok, open) person:ann* args."odd key".x:>10k "free text" OR (time:-1h..now since:yesterday)',
        b"in*ice *part* word* finished:2026-11-01T09:30:15.5+02:00 -(a OR --b) rpc_code:-32602 is_error:yes args.a:1..2",
        b"yesterday 14:00 to 15:00",
        b"2026-11-01 to 2026-11-02 09:30 UTC",
    ],
    "arguments": [b'{"a":{"b":[1,-0.5e3,"x\\u00e9\\n",null,{"c d":true}]},"a":"\\ud83d"}'],
    "frames": [frames.encode_segment_header(1, 2), frames.encode_frame(b"{}", b"payload", 32) + frames.encode_frame(b"{}", b"", 64)],
}


def main() -> None:
    """Run one target for so many seconds, then report and leave."""
    import atheris

    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    target = TARGETS[name]
    for module in (wire, sse, frames, headers, parser, leaves, values, complete, render, span, paths):
        for value in list(vars(module).values()):
            if callable(value) and getattr(value, "__module__", "") == module.__name__ and hasattr(value, "__code__"):
                atheris.instrument_func(value)
    corpus = sys.argv[3:4]
    for number, seed in enumerate(SEEDS[name]):
        target(seed)
        if corpus:
            (Path(corpus[0]) / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, *corpus], lambda data: target(bytes(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
