"""A question that nobody waits for any more ends in the engine too, and no other one with it."""

import contextvars
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.index.asking import Ask, AskCancelled, asking, current_ask
from gatebook.index.engine import Engine, EngineError, QueryTooHeavy

_ENDLESS = "SELECT count() FROM numbers_mt(1000000000000) WHERE sipHash64(number) = 1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine(tmp_path / "engine")
    yield opened
    opened.close()


class Asker(threading.Thread):
    """Asks something endless in a thread of its own."""

    def __init__(self, engine: Engine, ask: Ask) -> None:
        super().__init__(daemon=True)
        self.engine, self.ask = engine, ask
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            with asking(self.ask):
                self.engine.rows(_ENDLESS)
        except Exception as error:
            self.error = error

    def until_running(self) -> None:
        deadline_s = time.monotonic() + 30
        while self.engine.rows("SELECT count() AS n FROM system.processes") == b'{"n":1}\n':
            assert time.monotonic() < deadline_s
            time.sleep(0.01)


def test_a_cancelled_question_ends_and_another_goes_on(engine: Engine) -> None:
    """Only the queries of that question are stopped; its session answers the next one."""
    one, other = Asker(engine, Ask()), Asker(engine, Ask())
    one.until_running()
    one.ask.cancel()
    one.join(30)
    assert isinstance(one.error, QueryTooHeavy) and not one.is_alive()
    assert other.is_alive()
    assert engine.rows("SELECT 1 AS one") == b'{"one":1}\n'
    other.ask.cancel()
    other.join(30)
    assert not other.is_alive()


def test_a_question_that_is_cancelled_before_it_begins_never_begins(engine: Engine) -> None:
    """Also when it is handed over at that moment."""
    ask = Ask()
    ask.cancel()
    with asking(ask), pytest.raises(QueryTooHeavy, match="cancelled"):
        engine.rows(_ENDLESS)
    for _ in range(20):
        racer = Asker(engine, Ask())
        racer.ask.cancel()
        racer.join(30)
        assert isinstance(racer.error, QueryTooHeavy)


def test_closing_the_engine_ends_what_runs(engine: Engine) -> None:
    """Else the process would wait for a heavy question before it can end or open another directory."""
    asker = Asker(engine, Ask())
    asker.until_running()
    engine.close()
    asker.join(30)
    assert isinstance(asker.error, EngineError)
    with pytest.raises(EngineError, match="closed"):
        engine.rows("SELECT 1")


def test_heavy_and_light_questions_take_turns_in_one_session(engine: Engine) -> None:
    """The session learns the priority of each."""
    priority = "SELECT Settings['priority'] AS p FROM system.processes WHERE query LIKE '%mark me%'"
    for heavy in (False, True, False):
        with asking(Ask(heavy=heavy)):
            engine.rows("SELECT 1")
            expected = b'{"p":"9"}\n' if heavy else b'{"p":"1"}\n'
            seen = engine.rows(f"{priority} /* mark me */")
            assert seen == expected or (not heavy and seen == b'{"p":""}\n')


def test_the_question_goes_along_into_threads_with_the_context() -> None:
    """And is forgotten behind the block."""
    ask = Ask()
    with asking(ask):
        assert contextvars.copy_context().run(current_ask) is ask
    assert current_ask() is None


def test_running_is_refused_behind_a_cancellation() -> None:
    """Nothing is stopped that had not begun."""
    ask = Ask()
    stopped: list[int] = []
    with ask.running(lambda: stopped.append(1)):
        pass
    ask.cancel()
    assert ask.cancelled and not stopped
    with pytest.raises(AskCancelled), ask.running(lambda: stopped.append(2)):
        raise AssertionError("never")
