"""`gatebook history` and `gatebook rollback`, without a keeper."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

POLICY = "kind: Policy\nname: no-exports\nspec: {effect: deny, reason: Not today}\n"


@pytest.fixture
def changed(gatebook: Run, tmp_path: Path) -> Run:
    """A policy that was made, changed with a hostile reason, and deleted."""
    path = tmp_path / "p.yaml"
    path.write_text(POLICY)
    assert gatebook("apply", "-f", str(path), "--reason", "to begin with")[0] == 0
    path.write_text(POLICY.replace("Not today", "Never"))
    assert gatebook("apply", "-f", str(path), "--reason", "\x1b[31mred")[0] == 0
    assert gatebook("delete", "policy", "no-exports", "--reason", "not needed")[0] == 0
    return gatebook


def test_all_versions_are_told(changed: Run) -> None:
    """The newest first: who, how many lines, why; as differences; and as JSON. What a person wrote cannot steer the terminal."""
    code, output, _ = changed("history", "policies", "no-exports")
    head, *rows = output.splitlines()
    assert code == 0 and head.split() == ["VERSION", "CHANGED", "(UTC)", "BY", "LINES", "REASON"]
    assert [row.split()[0] for row in rows] == ["3", "2", "1"] and all(" os:" in row for row in rows)
    assert "deleted" in rows[0] and "+1 -1" in rows[1] and r"\x1b[31mred" in rows[1] and "+5 -0" in rows[2]
    output = changed("history", "Policy", "no-exports", "--diff")[1]
    assert "\x1b" not in output and output.splitlines()[0].startswith("Version 3, ")
    assert "-  reason: Not today\n+  reason: Never\n" in output
    found = json.loads(changed("history", "Policy", "no-exports", "--json")[1])
    assert (found["version"], found["yaml"], found["versions"][2]["yaml"].splitlines()[1]) == (3, "", "name: no-exports")
    assert changed("history", "Policy", "other")[::2] == (1, "gatebook history: there is no Policy other, and there never was\n")


def test_an_earlier_version_comes_back(changed: Run) -> None:
    """Tried, done, and done back to the deletion; each with a reason, each a version of its own."""
    tried = changed("rollback", "Policy", "no-exports", "1", "--reason", "needed after all", "--dry-run")[1]
    assert tried.endswith("Policy/no-exports would be created (version 4)\n") and changed("get", "-o", "json")[1] == "[]\n"
    done = changed("rollback", "Policy", "no-exports", "1", "--reason", "needed after all", "--json")[1]
    assert json.loads(done)["changes"][0]["action"] == "created"
    assert "Not today" in changed("get", "Policy", "no-exports", "-o", "yaml")[1]
    assert changed("rollback", "Policy", "no-exports", "3", "--reason", "no")[1].endswith("Policy/no-exports deleted (version 5)\n")
    again = changed("rollback", "Policy", "no-exports", "3", "--reason", "no")
    assert again[::2] == (1, "gatebook rollback: Policy no-exports is deleted already\n")
    assert "no version 9" in changed("rollback", "Policy", "no-exports", "9", "--reason", "no")[2]
    with pytest.raises(SystemExit):
        changed("rollback", "Policy", "no-exports", "1")
