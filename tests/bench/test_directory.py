"""The benchmark of a large directory runs, and says something."""

from pathlib import Path

from bench.directory import measure


async def test_a_small_run_measures_everything(tmp_path: Path) -> None:
    """The check of a token stays within a small multiple of what it cannot do without; a change is in force while people wait for an answer."""
    found = await measure(tmp_path, 2000, 1000)
    assert (found["people"], found["tokens"]) == (2000, 1000)
    assert 1 < found["check_per_bare"] < 15
    assert found["apply_p50_ms"] < 5 and found["in_force_p50_ms"] < 500
