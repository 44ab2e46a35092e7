"""The benchmarks of governance: payloads, goals, and what make bench runs."""

import pytest

from bench import dlp, policy, report, suite
from bench.report import Cell, Result
from tests.structure.checkout import ROOT


def _cell(subject: str, cpu_ms: float) -> Cell:
    return Cell(subject, "legacy", 16, 100, 50.0, cpu_ms, 1.0, 2.0, 3.0, 80.0)


def _result(governed_ms: float) -> Result:
    cells = [_cell("direct", 0.07), _cell("gatebook", 0.4), _cell("gatebook governed", governed_ms)]
    ones = [Cell(cell.subject, "legacy", 1, 100, 50.0, 1.0, 1.0, 2.0, 3.0, 80.0) for cell in cells]
    return Result([*ones, *cells], 1.0, "", "", "", 1, 1.0, [])


@pytest.mark.parametrize(("governed_ms", "verdict"), [(0.7, "met"), (0.8, "MISSED")])
def test_a_governed_call_has_its_own_goal(governed_ms: float, verdict: str) -> None:
    """A whole call with policies and detectors costs at most 0.75 ms where a direct one costs 0.07."""
    line = next(line for line in report.render(_result(governed_ms)).splitlines() if "governed, legacy" in line and "goal" in line)
    assert line.startswith(verdict)


def test_each_round_scans_another_payload() -> None:
    """Payloads of two draws are of one size and have other values; the same draw is the same payload."""
    for make in dlp.kinds().values():
        first, second = make(0), make(1)
        assert first != second and make(0) == first
        assert abs(len(first) - len(second)) < 1_000


def test_a_scan_that_is_too_slow_misses_its_goal() -> None:
    """The table says how many times its first pass a scan took, and what was missed."""
    row = dlp.Row(scanner="gatebook", payload="x", size=1_000_000, seconds=0.2, prefilter_s=0.05, found="3", goal=10.0)
    result = dlp.Result(machine="m", python="3", rows=[row, dlp.Row(scanner="other", payload="x", size=1_000_000, seconds=2.0, found="4")])
    assert result.missed
    lines = dlp.render(result).splitlines()
    assert lines[-2].split() == ["gatebook", "x", "200.000", "5.00", "4.0", "3", "10", "MISSED"]
    assert lines[-1].split()[-2:] == ["10", "x"]


def test_decisions_have_goals_and_stand_beside_cedar() -> None:
    """The table has a column per number of rules, and the ratio to Cedar where that was measured."""
    figures = {10: {"allowed_us": 20.0}, 100: {"allowed_us": 30.0, "cedarpy_us": 150.0}, 1000: {"allowed_us": 130.0}}
    assert policy.missed(figures)
    text = policy.render(figures)
    assert "goal: at most 60" in text and "MISSED  one decision with 1000 rules" in text
    assert [line.split()[-3:] for line in text.splitlines() if line.startswith("cedarpy_us / allowed_us")] == [["-", "5", "-"]]


def test_the_page_names_every_part() -> None:
    """docs/performance.md gives figures and the command of each part of make bench."""
    text = (ROOT / "docs" / "performance.md").read_text()
    assert "make bench " in text
    assert all(f"`--only {name}`" in text for name in suite.PARTS)
