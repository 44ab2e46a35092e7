"""The benchmark of search works: a small run end to end, and its tables."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import search_report
from bench.search_ask import Starved, Timed
from bench.search_load import Built, clone
from bench.search_report import Peer, Result
from bench.search_stage import Painted
from tests.structure.checkout import ROOT

CALLS = 2_000


def _result(**more: object) -> Result:
    fields: dict[str, object] = {
        "calls": 10_000_000,
        "machine": "2 CPUs",
        "commit": "abc",
        "load": 0.1,
        "rate": 1000.0,
        "built": Built(calls=10_000_000, schema=1, corpus=1, load_per_s=13_000.0, raw_bytes=26_500_000_000, merged_s=4.0),
        "kept": True,
        "raw_bytes": 26_500_000_000,
        "tables": [{"table": "calls", "rows": 10_000_000, "bytes": 13_250_000_000, "parts": 12}],
        "questions": [
            Timed(name="newest 50: no filter", goal_ms=150.0, first_ms=90, p50_ms=20, p95_ms=40, bare_p50_ms=16, key="newest"),
            Timed(name="newest 50: a person", goal_ms=150.0, first_ms=90, p50_ms=80, p95_ms=151, bare_p50_ms=70),
            Timed(name="rare word", goal_ms=200.0, problem="400"),
        ],
        "painted": {"30 days": Painted(first_ms=[200.0], rows_ms=[400.0])},
        "fresh_s": [0.4, 0.6],
        "starved": Starved(newest_p50_ms=60, newest_p95_ms=120, fresh_p95_s=1.0, light_refused=0, heavy_answered=3, heavy_refused=2),
        "resident_bytes": 1 << 30,
        "peer_calls": 2_000_000,
        "peers": [
            Peer(
                name="DuckDB 2", load_per_s=20_000.0, bytes=3 << 30, resident_bytes=4 << 30, kept=False, questions={"newest": (40.0, 50.0)}
            )
        ],
        **more,
    }
    return Result(**fields)  # type: ignore[arg-type]


def test_a_goal_that_is_missed_stands_out() -> None:
    """Each goal is met or missed by its worst question; a question that failed says so; other stores stand beside ours as multiples."""
    text = search_report.render(_result())
    assert "| newest 50, every combination of filters, worst p95 | < 150 ms | 151 ms | **MISSED** |" in text
    assert "| index bytes / raw bytes | < 0.55 | 0.50 | OK |" in text
    assert "| rare word | | | | | **FAILED** | | |" in text
    assert "| newest 50: no filter | 20 / 40 | 40 / 50 | 2.0 |" in text


def test_the_page_takes_the_figures_between_its_markers(tmp_path: Path) -> None:
    """Writing twice gives the same page, and nothing else on it changes."""
    page = tmp_path / "performance.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text())
    search_report.write_docs(page, _result())
    once = page.read_text()
    search_report.write_docs(page, _result())
    assert page.read_text() == once and "13,000, then 4 s of merging" in once and "<!-- figures of 2,000,000 calls -->" in once
    with pytest.raises(ValueError, match="no line"):
        search_report.write_docs(page, _result(calls=3))


def test_the_page_names_the_commands() -> None:
    """docs/performance.md says how its figures are made."""
    text = (ROOT / "docs" / "performance.md").read_text()
    assert "make bench-search\n" in text.replace("  ", "\n") and "make bench-search CALLS=10000000" in text


def test_a_clone_shares_large_files_and_can_be_written_to(tmp_path: Path) -> None:
    """Small files are copies, links lead into the clone."""
    source, target = tmp_path / "a", tmp_path / "b"
    (source / "inner").mkdir(parents=True)
    (source / "large").write_bytes(bytes(100_000))
    (source / "small").write_text("one")
    (source / "link").symlink_to((source / "inner").resolve())
    clone(source, target)
    (target / "small").write_text("two")
    assert (source / "small").read_text() == "one" and (target / "large").samefile(source / "large")
    assert (target / "link").resolve() == (target / "inner").resolve()


def test_a_small_run_measures_everything_but_other_stores(tmp_path: Path) -> None:
    """A corpus is loaded, a keeper serves it while calls are written, questions are answered, and the figures are written."""
    figures = tmp_path / "figures.json"
    words = ["--calls", str(CALLS), "--rate", "50", "--quick", "--no-peers", "--no-browser", "--only", "rare", "--dir", str(tmp_path)]
    command = [sys.executable, "-m", "bench.search", *words, "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(figures.read_text())
    assert {question["name"] for question in seen["questions"]} == {
        "newest 50: a rare person",
        "rare word in any payload",
        "rare piece of a word in arguments",
    }
    assert all(question["p95_ms"] >= question["p50_ms"] > 0 for question in seen["questions"])
    assert (
        len(seen["fresh_s"]) == 2 and max(seen["fresh_s"]) < 60 and seen["starved"]["heavy_answered"] + seen["starved"]["heavy_refused"] > 0
    )
    assert "| index bytes / raw bytes |" in done.stdout
    assert (tmp_path / f"search-{CALLS}-{seen['built']['schema']}-{seen['built']['corpus']}" / "index").is_dir() and not list(
        tmp_path.glob("run-*")
    )
