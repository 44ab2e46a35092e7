"""The whole log is verified by itself; what was changed shows without anybody asking."""

import time
from pathlib import Path

import pytest

from gatebook.keeper.verifying import Verifying, VerifyingFailed
from gatebook.log.book import Book
from gatebook.reading.health import Verified
from gatebook.record.body import ProcessStopped
from gatebook.settings import Settings


def result(verifying: Verifying) -> Verified:
    """Step until there is one."""
    deadline_s = time.monotonic() + 60
    while verifying.verified is None:
        assert time.monotonic() < deadline_s
        verifying.step(False)
        time.sleep(0.02)
    return verifying.verified


def test_a_log_in_order_and_one_that_was_changed(settings: Settings, book: Book) -> None:
    """Beside its writer, with the command that people use."""
    for _ in range(20):
        book.append(ProcessStopped(role="keeper", boot="b", reason="nothing to see")).wait(10)
    verifying = Verifying(settings.data_dir, first_s=0.0)
    good = result(verifying)
    assert good.ok and abs(good.at_us / 1e6 - time.time()) < 60
    verifying.step(False)
    assert verifying._process is None
    verifying.close()
    segment = next((settings.log_dir / settings.keeper_stream).glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[data.index(b"nothing to see") + 2] ^= 1
    segment.write_bytes(data)
    verifying = Verifying(settings.data_dir, first_s=0.0)
    assert not result(verifying).ok
    verifying.close()


def test_it_begins_late_and_ends_with_the_keeper(settings: Settings, book: Book) -> None:
    """Nothing runs before its time, at the end, or behind it."""
    verifying = Verifying(settings.data_dir)
    assert not verifying.step(False) and verifying._process is None
    verifying._due_s = 0.0
    assert not verifying.step(True) and verifying._process is None
    verifying.step(False)
    process = verifying._process
    assert process is not None
    verifying.close()
    assert process.poll() is not None


def test_a_verification_that_cannot_run_says_why(tmp_path: Path) -> None:
    """That is a failure of the part, not a verdict on the log."""
    verifying = Verifying(tmp_path / "absent", first_s=0.0)
    with pytest.raises(VerifyingFailed, match="there is no log"):
        result(verifying)
    verifying.close()
