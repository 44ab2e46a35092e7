"""kill -9 and power cuts under the log writer, and the control that shows that the test can fail."""

import random
from pathlib import Path

import pytest

from gatebook.log.errors import LogDamaged
from tests.fault import lossy
from tests.fault.history import Acknowledged, read_all, run_and_kill
from tests.log.samples import open_book


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Of 32 concurrent writers, killed again and again, also while recovering, every acknowledged record is read back and every call has one outcome."""
    acked = Acknowledged()
    for round_number in range(6):
        run_and_kill(tmp_path, acked, after_s=-0.6 if round_number % 3 == 2 else 0.3)
    open_book(tmp_path).close()
    found = read_all(tmp_path)
    assert found.damage is None
    assert len(acked.records) > 500
    assert found.lost(acked) == []
    assert found.ended == found.started
    assert set(found.started.values()) == {1}
    assert found.types["call.outcome_unknown"] > 0


@pytest.mark.parametrize("leak_percent", [0, 30, 80])
def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path, leak_percent: int) -> None:
    """The same when every byte that was not synced is gone, or a random part of them is there."""
    env = lossy.environment(lossy.build(tmp_path), tmp_path / "log", leak_percent=leak_percent, sync_delay_us=3000 if leak_percent else 0)
    acked = Acknowledged()
    for round_number in range(4):
        run_and_kill(tmp_path, acked, after_s=-0.6 if round_number == 2 else 0.15 + random.random() / 4, env=env)
    open_book(tmp_path).close()
    found = read_all(tmp_path)
    assert found.damage is None
    assert len(acked.records) > 100
    assert found.lost(acked) == []
    assert found.ended == found.started


def test_a_disk_whose_syncs_lie_loses_acknowledged_records_and_is_found_out(tmp_path: Path) -> None:
    """The control: with sync stubbed out, acknowledged records are lost, and the next opening refuses because the position vouched for them."""
    open_book(tmp_path).close()
    env = lossy.environment(lossy.build(tmp_path), tmp_path / "log", stub_sync=True)
    acked = Acknowledged()
    run_and_kill(tmp_path, acked, after_s=0.3, env=env)
    found = read_all(tmp_path)
    assert len(acked.records) > 50
    assert len(found.lost(acked)) > 50
    with pytest.raises(LogDamaged):
        open_book(tmp_path)
