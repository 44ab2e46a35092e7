"""`gatebook receipts`."""

import json

from tests.cli.conftest import Run


def test_receipts_are_listed_and_shown(gatebook: Run) -> None:
    """Nobody at first; then what the cut-off ended, as text and as JSON; one of another person is not in the list."""
    assert gatebook("receipts")[1] == "Nobody was cut off.\n"
    gatebook("token", "create", "ann@example.com", "--name", "x")
    assert gatebook("cut-off", "ann@example.com", "--reason", "left \x1b[31m")[0] == 0
    row = gatebook("receipts")[1].splitlines()[1].split()
    assert row[0].startswith("cut_") and "ann@example.com" in row and "administrator" in row
    shown = gatebook("receipts", row[0])[1]
    assert "reason: left" in shown and "tokens 1, console sessions 0" in shown and "complete 2" in shown and "\x1b[31m" not in shown
    found = json.loads(gatebook("receipts", row[0], "--json")[1])
    assert (found["person"], found["tokens"], found["waiting"]) == ("ann@example.com", 1, [])
    assert json.loads(gatebook("receipts", "--json", "--person", "bob@example.com")[1])["total"] == 0


def test_mistakes_are_sentences(gatebook: Run) -> None:
    """An id that is none, and a page that is none."""
    code, _, errors = gatebook("receipts", "cut_nothing")
    assert code == 1 and "there is no cut-off 'cut_nothing'" in errors
    assert gatebook("receipts", "--page", "0")[0] == 2
