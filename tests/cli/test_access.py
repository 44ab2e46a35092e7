"""`gatebook access` against a running deployment: what is granted goes through, and what is revoked no longer."""

import json
from collections.abc import Iterator

import pytest

from gatebook.cli.main import main
from tests.cli.governed import Governed, governed


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Governed]:
    """One deployment for all tests of this file."""
    with governed(tmp_path_factory.mktemp("access") / "data") as running:
        yield running


def test_access_is_asked_for_granted_and_revoked(running: Governed, capsys: pytest.CaptureFixture[str]) -> None:
    """In force within a second each time, with any arguments."""
    call = running.refused("pid", {})
    assert main(["access", "ask", call, "--reason", "for the audit", "--json", "--data", running.data]) == 0
    request = json.loads(capsys.readouterr().out)
    assert (request["person"], request["rules"], request["state"]) == ("ana", ["no-pids"], "open")
    assert main(["access", "list", "--data", running.data]) == 0
    listed = capsys.readouterr().out
    assert "tools / pid" in listed and "no-pids" in listed and "for the audit" in listed and request["id"] in listed
    assert main(["access", "grant", request["id"], "--for", "1h", "--data", running.data]) == 0
    assert capsys.readouterr().out.startswith("Granted: tools / pid for ana until ")
    assert running.goes_through("pid", {}) and running.goes_through("pid", {"any": 1})
    assert main(["access", "grant", request["id"], "--data", running.data]) == 1
    assert "The request is granted by os:" in capsys.readouterr().err
    assert main(["access", "revoke", request["id"], "--reason", "done", "--data", running.data]) == 0
    assert capsys.readouterr().out == "Revoked: tools / pid for ana.\n"
    assert running.stays_out("pid", {})
    assert main(["access", "list", "--data", running.data]) == 0
    assert "Nobody asks for access" in capsys.readouterr().out
    assert main(["access", "list", "--all", "--json", "--data", running.data]) == 0
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["revoked"]


def test_a_request_is_declined_with_a_reason(running: Governed, capsys: pytest.CaptureFixture[str]) -> None:
    """And a new call may be asked about again."""
    for reason in ("not now", "not ever"):
        call = running.refused("pid", {})
        assert main(["access", "ask", call, "--reason", "again", "--json", "--data", running.data]) == 0
        request = json.loads(capsys.readouterr().out)
        assert main(["access", "decline", request["id"], "--reason", reason, "--data", running.data]) == 0
        assert capsys.readouterr().out == "Declined: tools / pid for ana.\n"
