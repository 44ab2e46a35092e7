"""`gatebook search`: rows for people and for programs, and mistakes shown where they are."""

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.recorded import record


def test_calls_are_found_without_a_keeper(data: Path, gatebook: Run) -> None:
    """The log is read in this process; the newest call comes first, columns are aligned, nothing is coloured in a pipe."""
    record(data)
    code, out, err = gatebook("search")
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[2] for line in lines[1:]] == ["blocked", "ok", "ok"]
    assert "Bob" in lines[2] and "list_deals" in lines[2]
    assert lines[0].index("STATUS") == lines[2].index("ok")
    assert "\x1b" not in out
    assert err == "3 calls\n"


def test_filters_words_and_limit(data: Path, gatebook: Run) -> None:
    """As NDJSON, one object for each call."""
    ids = record(data)
    _, out, _ = gatebook("search", "needle", "arguments:haystack", "--json")
    assert [json.loads(line)["call_id"] for line in out.splitlines()] == ids[:1]
    _, out, _ = gatebook("search", "person:bob OR status:blocked", "--limit", "1", "--json", "--since", "-1h")
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["blocked"]


def test_a_count_alone(data: Path, gatebook: Run) -> None:
    """A number for people, an object for programs; of all that match, whatever the limit."""
    record(data)
    assert gatebook("search", "--count", "status:ok")[1] == "2\n"
    assert json.loads(gatebook("search", "--count", "--json")[1]) == {"count": 3}


def test_nothing_found_is_not_a_failure(data: Path, gatebook: Run) -> None:
    """It says so on standard error, so that a pipe stays empty."""
    record(data)
    assert gatebook("search", "person:nobody") == (0, "", "no call matches\n")


def test_a_mistake_is_shown_under_the_query(gatebook: Run) -> None:
    """With a caret below the character, what was expected and the nearest name; exit code 2."""
    code, out, err = gatebook("search", "ok persn:ann")
    assert (code, out) == (2, "")
    _, query, caret = err.splitlines()
    assert "did you mean person?" in err
    assert query.index("persn") == caret.index("^")


def test_a_mistake_in_a_bound_is_shown_too(gatebook: Run) -> None:
    """--since takes a time of the search language."""
    code, _, err = gatebook("search", "--since", "soonish")
    assert code == 2 and "soonish" in err


def test_reading_the_book_is_on_the_record(data: Path, gatebook: Run) -> None:
    """Each search leaves a log.read."""
    record(data)
    gatebook("search", "needle")
    logged = b"".join(path.read_bytes() for path in (data / "log").glob("node1-k/*.seg"))
    assert b'"type":"log.read","action":"search"' in logged and b'"query":"needle"' in logged


def test_bounds_hold_for_the_whole_query(data: Path, gatebook: Run) -> None:
    """Also when its last term is one alternative; a bound that is no time says what one is."""
    record(data)
    assert gatebook("search", "status:blocked OR status:ok", "--until", "-1h") == (0, "", "no call matches\n")
    assert gatebook("search", "status:blocked OR status:ok", "--since", "-1h", "--count")[1] == "3\n"
    code, _, err = gatebook("search", "--since", "-1h OR a")
    assert code == 2 and "is not a time" in err


def test_a_histogram_stands_above_the_calls(data: Path, gatebook: Run) -> None:
    """Columns over time, a line for each outcome, then the table; as JSON it is the answer of the API."""
    record(data)
    _, out, _ = gatebook("search", "--histogram", "--limit", "1")
    assert "┤" in out and [line.split()[-1] for line in out.splitlines() if line.startswith(("ok", "blocked", "all"))] == ["2", "1", "3"]
    assert "CONNECTOR" in out
    _, out, _ = gatebook("search", "--histogram", "--json", "--limit", "1")
    assert sum(bucket["count"] for bucket in json.loads(out.splitlines()[0])["buckets"]) == 3


def test_calls_are_counted_by_fields(data: Path, gatebook: Run) -> None:
    """With shares and bars; an unknown field is refused."""
    record(data)
    _, out, _ = gatebook("search", "--by", "status", "--by", "tool")
    assert "STATUS" in out and "66.7 %" in out and "find_customer" in out
    assert set(json.loads(gatebook("search", "--by", "status", "--json")[1])) == {"status"}
    code, _, err = gatebook("search", "--by", "statsu")
    assert code == 1 and "did you mean status?" in err


def test_columns_of_ones_own(data: Path, gatebook: Run) -> None:
    """In their order."""
    record(data)
    _, out, _ = gatebook("search", "person:bob", "--columns", "tool,call")
    assert out.splitlines()[0].split() == ["TOOL", "CALL"] and out.splitlines()[1].startswith("list_deals  ")
