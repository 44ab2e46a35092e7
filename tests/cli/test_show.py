"""`gatebook show`: everything about one call."""

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.recorded import record


def test_a_call_is_shown_whole(data: Path, gatebook: Run) -> None:
    """Person, decision, outcome, arguments, response and its place in the log; what a tool wrote cannot steer the terminal."""
    ids = record(data)
    code, out, _ = gatebook("show", ids[0])
    assert code == 0
    for text in (
        "Ann · ann@corp.example",
        "everyone, other",
        '"q": "haystack"',
        "needle",
        "call.started",
        "call.finished",
        "stream node1-w0  record 1",
        "2.5 ms",
    ):
        assert text in out
    assert "\x1b" not in out


def test_a_sentence_comes_first_and_context_and_proof_on_request(data: Path, gatebook: Run) -> None:
    """What happened, then what stands around it; a proof that waits for the next checkpoint says so, with exit code 1."""
    ids = record(data)
    code, out, _ = gatebook("show", ids[0], "--context", "2", "--proof")
    assert out.startswith("Ann's Claude asked crm to run find_customer; ")
    around = out[out.index("Around it, of the same session") :]
    assert "list_deals" in around and around.count("▸") == 1
    assert code == 1 and "Proof" in out and "checkpoint" in out
    shown = json.loads(gatebook("show", ids[0], "--context", "--proof", "--json")[1])
    assert shown["context"]["by"] == "session" and shown["proof"]["verified"] is False


def test_json_has_the_records_as_stored(data: Path, gatebook: Run) -> None:
    """For programs."""
    ids = record(data)
    _, out, _ = gatebook("show", ids[0], "--json")
    shown = json.loads(out)
    assert shown["call"]["call_id"] == ids[0]
    assert [record["core"]["type"] for record in shown["records"]] == ["call.started", "call.finished"]
    assert shown["arguments"]["json"]["arguments"] == {"q": "haystack"}


def test_an_unknown_call_is_an_error(data: Path, gatebook: Run) -> None:
    """Whatever was typed as its id."""
    record(data)
    for id in ("01a20000-0000-7000-8000-000000000000", "x", "../../calls"):
        code, out, err = gatebook("show", id)
        assert (code, out) == (1, "") and err
