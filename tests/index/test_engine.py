"""The adapter: values are bound exactly, errors are typed, traps stay away."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.index.engine import Engine, EngineError, QueryTooHeavy


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path / "engine")
    yield made
    made.close()


_nasty = st.text(
    st.sampled_from("\\'\"`{}:tnNr0;-/*%_ \t\n\r\0\x1b\x7fé\u2028\U0001f600aS") | st.characters(exclude_categories=["Cs"]), max_size=30
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(_nasty, min_size=1, max_size=8))
def test_any_text_is_bound_exactly(engine: Engine, texts: list[str]) -> None:
    """What goes in as a parameter comes out unchanged, whatever it holds: quotes, backslashes, \\N, NUL, placeholders."""
    sql = "SELECT " + ", ".join(f"{{p{at}:String}} AS c{at}" for at in range(len(texts)))
    found = json.loads(engine.rows(sql, {f"p{at}": text for at, text in enumerate(texts)}))
    assert list(found.values()) == texts


def test_errors_are_typed(engine: Engine) -> None:
    """A mistake is an EngineError with the engine's number; a budget that is exceeded is QueryTooHeavy."""
    with pytest.raises(EngineError) as caught:
        engine.rows("SELECT nothing FROM nowhere")
    assert caught.value.code and not isinstance(caught.value, QueryTooHeavy)
    with pytest.raises(QueryTooHeavy):
        engine.rows("SELECT count() FROM numbers(100000000000) SETTINGS max_execution_time = 0.1")
    with pytest.raises(QueryTooHeavy):
        engine.rows("SELECT length(groupArray(number)) FROM numbers(100000000) SETTINGS max_memory_usage = 10000000")


def test_threads_have_sessions_of_their_own(engine: Engine) -> None:
    """Questions from several threads are answered beside each other."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: json.loads(engine.rows(f"SELECT {number} AS n"))["n"], range(20)))
    assert answers == list(range(20))


def test_a_config_file_in_the_working_directory_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine would take a config.xml from where the process happens to stand."""
    (tmp_path / "config.xml").write_text("<clickhouse><max_server_memory_usage>12345678</max_server_memory_usage></clickhouse>")
    monkeypatch.chdir(tmp_path)
    engine = Engine(tmp_path / "engine", memory_bytes_max=900 << 20)
    try:
        found = json.loads(engine.rows("SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"))
        assert found == {"value": str(900 << 20)}
        assert Path.cwd() == tmp_path
    finally:
        engine.close()


def test_light_questions_take_two_threads(engine: Engine) -> None:
    """Also where less memory is allowed than the engine would like for each."""
    pipeline = engine.rows("EXPLAIN PIPELINE SELECT sum(number) FROM numbers_mt(1000000)").decode()
    assert "× 2" in pipeline


def test_rows_that_are_inserted_can_be_read(engine: Engine) -> None:
    """Rows go in as JSON arrays, one per line."""
    engine.run("CREATE DATABASE d")
    engine.run("CREATE TABLE d.t (a String, b UInt8) ENGINE = MergeTree ORDER BY b")
    engine.insert("d.t", ("b", "a"), json.dumps([1, "x; DROP TABLE d.t {p:String} '\\"]).encode() + b"\n" + json.dumps([2, "ü\n"]).encode())
    rows = [json.loads(line) for line in engine.rows("SELECT * FROM d.t ORDER BY b").splitlines()]
    assert rows == [{"a": "x; DROP TABLE d.t {p:String} '\\", "b": 1}, {"a": "ü\n", "b": 2}]


def test_a_second_directory_is_refused_until_the_first_is_closed(engine: Engine, tmp_path: Path) -> None:
    """One process has one index; the refusal is an error, not a crash."""
    with pytest.raises(EngineError):
        Engine(tmp_path / "other")
    engine.close()
    Engine(tmp_path / "other").close()


def test_a_closed_engine_says_so(engine: Engine) -> None:
    """A question after the end is an error."""
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.rows("SELECT 1")


_CLOSED_UNDER_QUESTIONS = """
import sys, threading, time
from pathlib import Path
from gatebook.index.engine import Engine, EngineError

engine = Engine(Path(sys.argv[1]))
engine.run("CREATE DATABASE d")
engine.run("CREATE TABLE d.t (a String) ENGINE = MergeTree ORDER BY tuple()")
engine.run("INSERT INTO d.t SELECT repeat(toString(number), 20) FROM numbers(200000)")
ended = []

def ask():
    try:
        engine.rows("SELECT count() FROM numbers(1000000) AS n CROSS JOIN d.t WHERE a LIKE concat('%', toString(n.number), 'z%')")
    except EngineError:
        ended.append(1)

askers = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
for asker in askers:
    asker.start()
while engine.rows("SELECT count() = 4 AS all FROM system.processes") != b'{"all":1}\\n':
    time.sleep(0.01)
engine._killing.acquire()
threading.Timer(1.0, engine._killing.release).start()
engine.close()
for asker in askers:
    asker.join(5)
Engine(Path(sys.argv[1])).close()
print(len(ended))
"""


def test_an_engine_that_is_closed_under_its_questions_ends_them_first(tmp_path: Path) -> None:
    """Sessions are closed once their queries have ended, however long it takes to stop them; in a process of its own, since it would hang for good."""
    done = subprocess.run(
        [sys.executable, "-c", _CLOSED_UNDER_QUESTIONS, str(tmp_path / "engine")], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.returncode) == ("3\n", 0), done.stderr
