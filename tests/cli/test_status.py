"""`gatebook status` without a keeper; with one it is in tests/test_app.py."""

import json

from tests.cli.conftest import Run


def test_no_keeper_is_exit_code_one(gatebook: Run) -> None:
    """A script can ask whether it runs."""
    code, output, _ = gatebook("status")
    assert code == 1
    assert "no keeper answers" in output
    code, output, _ = gatebook("status", "--json")
    assert (code, json.loads(output)) == (1, {"running": False})
