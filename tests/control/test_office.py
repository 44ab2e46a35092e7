"""Operations while no keeper runs."""

import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from gatebook.control import office
from gatebook.log.book import Book
from gatebook.settings import Settings, StateSettings
from gatebook.state.store import StateError


def test_without_a_keeper_the_work_is_done_here_on_the_record(settings: Settings, recorded: Callable[..., list]) -> None:
    """The keeper's stream is taken for that long, and free again afterwards."""
    for number in range(2):
        assert office.run(settings, "token_create", {"person": f"p{number}"})["secret"].startswith("gw_pat_")
    assert [body.name for body, _ in recorded() if hasattr(body, "name")] == ["p0", "p1"]


def test_a_keeper_that_holds_its_stream_but_is_silent_is_not_gone_around(
    settings: Settings, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers of one stream would be two truths."""
    monkeypatch.setattr(office, "_STARTING_S", 0.3)
    with pytest.raises(office.KeeperSilent, match="does not answer"):
        office.run(settings, "token_create", {"person": "ana"})
    assert book.last_seq == 0


def test_a_keeper_that_is_starting_is_waited_for(settings: Settings, book: Book) -> None:
    """It has taken its stream and does not listen yet; here it gives the stream back."""
    threading.Timer(0.5, book.close).start()
    assert office.run(settings, "token_create", {"person": "ana"})["secret"].startswith("gw_pat_")


def test_a_deployment_that_was_never_made_is_told_so(settings: Settings) -> None:
    """Nothing is created by asking."""
    settings = replace(settings, state=StateSettings())
    settings.state_path.unlink(missing_ok=True)
    with pytest.raises(StateError, match="gatebook init"):
        office.run(settings, "get", {})
