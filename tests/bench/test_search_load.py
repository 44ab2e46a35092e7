"""A long load that is cut off goes on where it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import search_load
from bench.corpus import CHUNK, Corpus
from gatebook.index import FullRow, Index

CALLS = 2 * CHUNK


class _CutOffError(Exception):
    """The power went out."""


def test_a_load_goes_on_where_it_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call is in once, also where a part of the second piece had been inserted but not noted."""
    begun: list[int] = []

    def made(calls: int, start: int = 0) -> Iterator[tuple[list[FullRow], int]]:
        begun.append(start)
        return ((Corpus(calls).chunk(at, CHUNK), at) for at in range(start, calls, CHUNK))

    def insert(index: Index, rows: list[FullRow]) -> None:
        index.insert_payloads(rows)
        if index.row_counts().get("calls"):
            raise _CutOffError
        index.insert_calls(rows)

    monkeypatch.setattr(search_load, "made_elsewhere", made)
    with monkeypatch.context() as patch:
        patch.setattr(Index, "insert", insert)
        with pytest.raises(_CutOffError):
            search_load.prepared(CALLS, tmp_path)
    path, built, kept = search_load.prepared(CALLS, tmp_path)
    assert begun == [0, CHUNK] and built.raw_bytes == CHUNK and not kept
    index = Index.open(path)
    try:
        assert index.row_counts()["calls"] == index.row_counts()["payloads"] == CALLS
    finally:
        index.close()
    assert search_load.prepared(CALLS, tmp_path)[2]
