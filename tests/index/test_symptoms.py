"""Damage is told from questions that are too much and machines that are full."""

import pytest

from gatebook.index.symptoms import shows_damage

_PATH = "/data/index/engine"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (40, "Checksum doesn't match: corrupted data. …: While reading or decompressing /data/index/engine/store/c78/data.bin"),
        (432, "Unknown codec family code: 202: While reading or decompressing /data/index/engine/store/a9d/primary.cidx"),
        (1001, 'filesystem error: in file_size: No such file or directory ["/data/index/engine/store/c78/data.cmrk4"]. (STD_EXCEPTION)'),
        (107, "File /data/index/engine/store/x/data.bin doesn't exist. (FILE_DOESNT_EXIST)"),
    ],
)
def test_what_names_a_broken_file_of_the_index_is_damage(code: int, message: str) -> None:
    """The numbers and texts as the engine gave them when its files were changed."""
    assert shows_damage(code, message, _PATH)
    assert not shows_damage(code, message, "/elsewhere/index/engine")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (159, "Timeout exceeded: elapsed 502 ms, maximum: 500 ms"),
        (241, "Memory limit (total) exceeded: while reading /data/index/engine/store/c78/data.bin"),
        (76, "Cannot open file /data/index/engine/store/c78/data.bin, errno: 24, strerror: Too many open files"),
        (1001, "std::bad_alloc"),
        (33, "Cannot read all data. Bytes read: 3. Bytes expected: 8."),
    ],
)
def test_anything_else_is_not(code: int, message: str) -> None:
    """A rebuild would not help there."""
    assert not shows_damage(code, message, _PATH)
