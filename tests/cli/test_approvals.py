"""`gatebook approvals` against a running deployment: what is approved there goes through at the gateway."""

import json
from collections.abc import Iterator

import pytest

from gatebook.cli.approvals import hours_of
from gatebook.cli.main import Problem, main
from tests.cli.governed import Governed, governed


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Governed]:
    """One deployment for all tests of this file."""
    with governed(tmp_path_factory.mktemp("approvals") / "data") as running:
        yield running


def test_an_approved_call_goes_through_once(running: Governed, capsys: pytest.CaptureFixture[str]) -> None:
    """Listed with its arguments, shown, approved; one call goes through, another does not, and it cannot be approved again."""
    call = running.refused("echo", {"segment": "emea", "limit": 3})
    assert main(["approvals", "list", "--data", running.data]) == 0
    listed = capsys.readouterr().out
    assert "Ana Lima" in listed and "tools / echo" in listed and '{"segment": "emea", "limit": 3}' in listed and call in listed
    assert main(["approvals", "show", call, "--data", running.data]) == 0
    shown = capsys.readouterr().out
    assert "Ana Lima wants to call echo of tools; look-first asks for an approval." in shown and '"segment": "emea",' in shown
    assert main(["approvals", "approve", call, "--reason", "agreed", "--data", running.data]) == 0
    assert capsys.readouterr().out.startswith("Approved: ana may call tools / echo with these arguments once, until ")
    assert not running.call("echo", {"segment": "emea", "limit": 4})[0]
    assert running.goes_through("echo", {"limit": 3, "segment": "emea"})
    assert not running.call("echo", {"segment": "emea", "limit": 3})[0]
    assert main(["approvals", "approve", call, "--data", running.data]) == 1
    assert "This call was approved already, by os:" in capsys.readouterr().err
    assert main(["approvals", "list", "--decided", "--json", "--data", running.data]) == 0
    (decision,) = [one for one in json.loads(capsys.readouterr().out) if one["call"] == call]
    assert decision["used_us"] is not None and decision["reason"] == "agreed"


def test_an_approval_for_a_time_serves_equal_calls(running: Governed, capsys: pytest.CaptureFixture[str]) -> None:
    """As often as it is made."""
    call = running.refused("echo", {"often": True})
    assert main(["approvals", "approve", call, "--for", "8h", "--data", running.data]) == 0
    assert "as often as it is made" in capsys.readouterr().out
    assert running.goes_through("echo", {"often": True}) and running.goes_through("echo", {"often": True})


def test_a_declined_call_stays_out(running: Governed, capsys: pytest.CaptureFixture[str]) -> None:
    """A reason is asked for, and stands beside the decision."""
    call = running.refused("echo", {"declined": True})
    with pytest.raises(SystemExit):
        main(["approvals", "decline", call, "--data", running.data])
    assert "--reason" in capsys.readouterr().err
    assert main(["approvals", "decline", call, "--reason", "not this one", "--data", running.data]) == 0
    assert capsys.readouterr().out == "Declined: tools / echo for ana.\n"
    assert running.stays_out("echo", {"declined": True})
    assert main(["approvals", "show", call, "--data", running.data]) == 0
    assert "declined, by os:" in (shown := capsys.readouterr().out) and ": not this one" in shown


def test_what_does_not_exist_is_said(running: Governed, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that is none, as a sentence."""
    assert main(["approvals", "show", "0" * 36, "--data", running.data]) == 1
    assert "no call with this id" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "hours"), [("1h", 1), ("60m", 1), ("7d", 168), ("2w", 336)])
def test_durations_are_whole_hours(text: str, hours: int) -> None:
    """In the units that people write."""
    assert hours_of(text) == hours


@pytest.mark.parametrize("text", ["90m", "8", "never", "0h", "1.5h"])
def test_other_durations_are_refused_with_the_option(text: str) -> None:
    """The sentence names `--for`."""
    with pytest.raises(Problem, match="--for"):
        hours_of(text)
