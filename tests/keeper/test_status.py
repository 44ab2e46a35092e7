"""What `gatebook status` shows."""

import sqlite3

from gatebook.control.key_files import read_master_key
from gatebook.gateway.names.standing import Standing
from gatebook.keeper.background import Background
from gatebook.keeper.status import Status
from gatebook.log.book import Book
from gatebook.settings import Settings
from gatebook.state.store import Store


def test_each_part_that_fails_makes_it_unhealthy(settings: Settings, store: Store, book: Book) -> None:
    """State, log and the search for names are named with their failure; all else is still told."""
    status = Status(settings, store, book, Background(settings, read_master_key(settings)), "b00t")
    report = status.report()
    assert (report["healthy"], report["state"], report["log"], report["boot"], report["revision"]) == (True, "ok", "ok", "b00t", 0)
    assert "names" not in report
    worker = Standing(settings.run_dir, 0)
    worker.set("ready")
    assert (status.report()["names"], status.report()["healthy"]) == ("ready", True)
    worker.set("failed", "there is no model")
    assert (status.report()["names"], status.report()["healthy"]) == ("failed: there is no model", False)
    worker.set("off")
    direct = sqlite3.connect(settings.state_path)
    direct.execute("DROP TABLE meta")
    direct.close()
    report = status.report()
    assert report["healthy"] is False
    assert "no such table" in report["state"]
    book.close()
    assert status.report()["log"] == "closed"
