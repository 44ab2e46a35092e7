"""A short version of each fault test of the whole product; `make fault` runs the long ones."""

import sys
from pathlib import Path

import pytest

from fault import cut_off, full_disk, in_flight, kills, power_cuts
from fault.missing import Missing
from fault.result import Result
from fault.scenarios import Scenario

pytestmark = pytest.mark.timeout(240)


def run(scenario: Scenario, directory: Path, rounds: int) -> Result:
    """Run one scenario; what it cannot do without is named in the skip."""
    try:
        return scenario(directory, rounds, lambda line: print(line, file=sys.stderr))
    except Missing as missing:
        pytest.skip(f"NOT RUN: {missing}")


def test_kill_9_of_worker_and_keeper_loses_no_acknowledged_call(tmp_path: Path) -> None:
    """Under 32 callers a worker, then the keeper is killed; log, outcomes, journal of the connector and index agree after each."""
    result = run(kills.run, tmp_path, 2)
    assert result.faults == []
    assert result.acknowledged > 100 and result.lost == 0 and result.unknown > 0


def test_a_power_cut_loses_no_acknowledged_call(tmp_path: Path) -> None:
    """The same on a disk that forgets two thirds of what was not synced."""
    result = run(power_cuts.run, tmp_path, 4)
    assert result.faults == []
    assert result.acknowledged > 50 and result.lost == 0


def test_without_fsync_calls_are_lost_and_it_is_noticed(tmp_path: Path) -> None:
    """The control: the ledger, `gatebook verify` and the next start all see the loss."""
    result = run(power_cuts.run_control, tmp_path, 1)
    assert result.faults == []
    assert result.lost > 20 and result.unrecorded > 20


def test_a_full_disk_refuses_calls_and_dispatches_nothing(tmp_path: Path) -> None:
    """Calls are refused as audit_unavailable and go on by themselves when space returns."""
    result = run(full_disk.run, tmp_path, 1)
    assert result.faults == []


def test_a_call_that_was_in_flight_gets_one_unknown_outcome(tmp_path: Path) -> None:
    """Killed between dispatch and reply, and again while it recovers: one outcome, one dispatch."""
    result = run(in_flight.run, tmp_path, 1)
    assert result.faults == []
    assert result.unknown == 32


def test_who_was_cut_off_is_let_in_nowhere(tmp_path: Path) -> None:
    """200 people on two workers, a fresh connection for each request, while a worker and the keeper are killed and a worker stands still."""
    result = run(cut_off.run, tmp_path, 1)
    assert result.faults == []
