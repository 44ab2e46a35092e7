"""The position file: what readers see of it while it moves."""

import threading
from pathlib import Path

from gatebook.log.position import POSITION_NAME, Position, PositionFile, read_position


def test_what_is_published_is_read(tmp_path: Path) -> None:
    """Also after close, and by the next writer's file, which begins where it is told."""
    assert read_position(tmp_path) is None
    published = PositionFile(tmp_path, Position(1, 32))
    assert read_position(tmp_path) == (1, 32)
    published.move(Position(1, 5000))
    assert read_position(tmp_path) == (1, 5000)
    published.move(Position(77, 32))
    published.close()
    assert read_position(tmp_path) == (77, 32)
    PositionFile(tmp_path, Position(77, 4096)).close()
    assert read_position(tmp_path) == (77, 4096)


def test_a_cut_file_is_no_position(tmp_path: Path) -> None:
    """A position of the wrong size vouches for nothing, and the writer makes it anew."""
    (tmp_path / POSITION_NAME).write_bytes(b"short")
    assert read_position(tmp_path) is None
    PositionFile(tmp_path, Position(5, 32)).close()
    assert read_position(tmp_path) == (5, 32)


def test_a_reader_never_sees_half_a_move(tmp_path: Path) -> None:
    """While the writer moves between segments, no reader sees the new segment with an offset that belonged to the old one."""
    published = PositionFile(tmp_path, Position(1, 32))
    stop = threading.Event()

    def move() -> None:
        segment = 1
        while not stop.is_set():
            published.move(Position(segment, 1_000_000 + segment))
            segment += 1

    mover = threading.Thread(target=move)
    mover.start()
    try:
        for _ in range(3000):
            position = read_position(tmp_path)
            assert position is not None
            assert position.offset in (0, 32, 1_000_000 + position.segment)
    finally:
        stop.set()
        mover.join()
    published.close()
