"""`gatebook dlp backtest`: through a running keeper, over calls that a worker recorded."""

import json
from pathlib import Path

from gatebook.cli import dlp_backtest
from tests.cli.conftest import Run
from tests.cli.recorded import keeper, worker_stream
from tests.reading.payloads import CODED, IBAN, guardrail


def test_a_draft_is_tried_on_recorded_calls(data: Path, gatebook: Run, tmp_path: Path) -> None:
    """Numbers, places and shapes for people and as JSON; a mistake is shown with file and line; values never."""
    with worker_stream(data) as writer:
        ids = [writer.call(f"Pay {IBAN}", arguments={"q": "x"}), writer.call(CODED, person="bob", tool="list_deals", arguments={"q": "y"})]
        writer.call("clean", arguments={"q": "z"})
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(guardrail("accounts"))
    bad.write_text(guardrail("more", detectors="ibann"))
    alone = json.loads(gatebook("dlp", "backtest", str(good), "--json")[1])
    with keeper(data):
        code, output, errors = gatebook("dlp", "backtest", str(good), "--since", "1d")
        assert code == 0, errors
        assert output.startswith("2 of 3 calls would end differently (66.7 %)") and "calls/s" in output
        assert all(id in output for id in ids) and "allowed -> blocked" in output and "base64" in output
        assert "connector:crm tool:list_deals" in output and "**####################" in output
        assert alone["changed"] == 2 and alone["looked_at"] == 3
        assert IBAN not in output and CODED not in output
        found = json.loads(gatebook("dlp", "backtest", str(good), "--max", "1", "--json")[1])
        assert (found["looked_at"], found["calls"]) == (1, 3)
        code, _, errors = gatebook("dlp", "backtest", str(good), str(bad))
        assert code == 1 and f"{bad}:3" in errors and "Did you mean 'iban'" in errors
        assert gatebook("dlp", "backtest", str(good), "--max", "0")[0] == 1


def test_a_range_that_is_no_time_is_refused(gatebook: Run, tmp_path: Path) -> None:
    """Before anything is read."""
    draft = tmp_path / "draft.yaml"
    draft.write_text(guardrail("accounts"))
    code, _, errors = gatebook("dlp", "backtest", str(draft), "--since", "someday")
    assert code != 0 and "someday" in errors


def test_what_could_not_be_told_is_said() -> None:
    """Calls that were not looked at, and why; nothing steers the terminal."""
    empty = dict.fromkeys(("transitions", "by_guardrail", "by_detector", "by_tool", "by_person", "examples", "found"), ())
    found = {
        **empty, "since_us": 0, "until_us": 1_000_000, "oldest_us": 500_000, "calls": 9_000, "looked_at": 4_000, "changed": 0, "stopped": 3,
        "undecided": 5, "missing": {"erased": 4, "cut": 1}, "altered": 2, "faults": {"budget": 1}, "took_s": 2.0, "calls_per_s": 2000.0, "mb_per_s": 1.5,
    }  # fmt: skip
    text = "\n".join(dlp_backtest.lines(found, colour=False))
    for part in (
        "the newest 4,000 of 9,000 calls",
        "4 erased, 1 kept in part",
        "Policy stopped 3 calls",
        "Of 2 calls the book has a payload without values",
        "In 1 call a payload cannot be scanned, and so does not pass: it is beyond the budget of time of a scan",
    ):
        assert part in text
