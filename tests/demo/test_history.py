"""The demo's invented weeks: a log like any other, that ends before now."""

import time
from pathlib import Path

import pytest

from gatebook.demo import history
from gatebook.index import Follower, Index
from gatebook.log.vault import Vault
from gatebook.log.verify import verify
from gatebook.settings import LogSettings, Settings

KEY = bytes(range(32))
DAY_US = 86_400_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data directory with small segments."""
    return Settings(data_dir=tmp_path, log=LogSettings(segment_bytes=4 << 20, reserve_bytes=0))


def test_the_past_is_a_whole_log_that_can_be_searched(settings: Settings) -> None:
    """Every call has its outcome, lies before now, and is found; somebody exports after hours; one connector is down."""
    now_us = time.time_ns() // 1000
    calls = history.write(settings, KEY, 11, now_us)
    assert calls > 1000
    assert verify(settings.log_dir).ok
    index = Index.open(settings.index_dir)
    try:
        follower = Follower(settings.log_dir, Vault(settings.keys_dir, KEY), index, whole=True)
        follower.catch_up()
        follower.close()
        assert index.count("") == calls and index.count("status:open") == 0
        newest = index.search("", limit=1).rows[0]
        assert now_us - 2 * DAY_US < newest.time < newest.finished < now_us
        assert index.count('person:"Tomas Lind" tool:export_customers') > 50
        assert index.count("connector:billing error_class:upstream_down") > 0
        assert index.count("decision:blocked") > 10
    finally:
        index.close()


def test_the_same_day_gives_the_same_past(settings: Settings, tmp_path: Path) -> None:
    """Pictures made twice show the same."""
    now_us = 1_795_000_000_000_000
    again = Settings(data_dir=tmp_path / "again", log=settings.log)
    assert history.write(settings, KEY, 2, now_us) == history.write(again, KEY, 2, now_us) > 0


def test_no_days_write_nothing(settings: Settings) -> None:
    """Then there is not even a stream."""
    assert history.write(settings, KEY, -1, 1_795_000_000_000_000) == 0
    assert not (settings.log_dir / history.STREAM).exists()
