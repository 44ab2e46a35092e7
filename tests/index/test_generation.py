"""Which database is in force, and the request to build another."""

from pathlib import Path

import pytest

from gatebook.index.generation import Generation, read_generation, rebuild_requested, request_rebuild, withdraw_rebuild, write_generation


def test_a_generation_is_read_back(tmp_path: Path) -> None:
    """It names its database."""
    write_generation(tmp_path, Generation(schema=3, number=12))
    assert read_generation(tmp_path) == Generation(schema=3, number=12)
    assert Generation(schema=3, number=12).database == "g000012"


@pytest.mark.parametrize("data", [None, b"", b"{", b'{"schema":"x"}'])
def test_a_missing_or_damaged_file_means_build_anew(tmp_path: Path, data: bytes | None) -> None:
    """The index is a copy; there is nothing to save."""
    if data is not None:
        (tmp_path / "generation.json").write_bytes(data)
    assert read_generation(tmp_path) is None


def test_a_request_stands_until_it_is_withdrawn(tmp_path: Path) -> None:
    """Also when it is made twice."""
    assert not rebuild_requested(tmp_path)
    request_rebuild(tmp_path)
    request_rebuild(tmp_path)
    assert rebuild_requested(tmp_path)
    withdraw_rebuild(tmp_path)
    withdraw_rebuild(tmp_path)
    assert not rebuild_requested(tmp_path)


@pytest.mark.parametrize(
    ("schema", "engine", "fits"),
    [(3, "26.9.2.1", True), (3, "26.10.1.1", True), (3, "27.1", True), (3, "26.5.1.1", False), (4, "26.9.2.1", False)],
)
def test_an_older_engine_does_not_go_on_with_a_newer_ones_files(schema: int, engine: str, fits: bool) -> None:
    """It could not read them; the index is built anew instead."""
    assert Generation(schema=3, number=1, engine="26.9.2.1").fits(schema, engine) is fits
