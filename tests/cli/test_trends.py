"""`gatebook trends`."""

import json
from pathlib import Path

from gatebook.cli.trends import lines
from gatebook.cli.width import clean, width
from tests.cli.conftest import Run
from tests.cli.recorded import record


def test_trends_are_printed_and_are_json(data: Path, gatebook: Run) -> None:
    """Sections for what there is; lines fit a terminal; nothing hostile comes through."""
    record(data)
    code, out, _ = gatebook("trends", "--json")
    found = json.loads(out)
    assert code == 0 and found["total"]["count"] == 3
    printed = gatebook("trends")[1]
    assert printed.startswith("3 calls, ") and "Blocked" in printed and "no-deletes" in printed
    assert "CONNECTOR" in printed and "CLIENT" in printed
    found["violations"][0]["series"][0]["label"] = "\x1b[31m" + "名" * 60
    for terminal in (80, 120):
        drawn = list(lines(found, terminal=terminal, colour=False))
        assert max(map(width, drawn)) <= terminal and all(line == clean(line) for line in drawn)


def test_a_mistake_in_the_query_is_shown(gatebook: Run) -> None:
    """As everywhere."""
    code, _, err = gatebook("trends", "persn:ann")
    assert code == 2 and "did you mean person?" in err
