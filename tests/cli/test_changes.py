"""`gatebook changes`: two accounts of the machine, each in processes of its own, and one keeper or none between them."""

import json
from pathlib import Path

import pytest

from gatebook.control import caller
from tests.cli.conftest import Run
from tests.cli.recorded import keeper

TWO = "kind: Governance\nname: default\nspec: {second_approver: true}\n"
POLICY = "kind: Policy\nname: no-exports\nspec: {effect: deny, reason: Not today}\n"


@pytest.fixture
def two(gatebook: Run, tmp_path: Path) -> Run:
    """A deployment where changes take two people; POLICY is in p.yaml, TWO in g.yaml."""
    (tmp_path / "g.yaml").write_text(TWO)
    (tmp_path / "p.yaml").write_text(POLICY)
    assert gatebook("apply", "-f", str(tmp_path / "g.yaml"))[0] == 0
    return gatebook


def as_account(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Be another account of the machine from here on, as after `sudo`."""
    monkeypatch.setattr(caller.os, "getuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", name)


@pytest.mark.parametrize("running", [False, True])
def test_a_change_waits_for_another_account(two: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: bool) -> None:
    """Asked for by one, listed and shown, refused to the same, approved by the other; the history names both."""
    if running:
        with keeper(data):
            story(two, tmp_path, monkeypatch)
    else:
        story(two, tmp_path, monkeypatch)


def story(run: Run, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens in it."""
    as_account(monkeypatch, "ann")
    code, output, _ = run("apply", "-f", str(path / "p.yaml"), "--reason", "exports leave")
    *_, what, waits = output.splitlines()
    assert code == 0 and what == "Policy/no-exports would be created (version 1)"
    assert waits.startswith("Nothing is changed yet: this waits for another administrator, as chg_")
    id = waits.partition("as ")[2].split()[0]
    assert "asked" in run("changes", "list")[1] and "would wait" in run("apply", "-f", str(path / "p.yaml"), "--dry-run")[1]
    code, _, error = run("changes", "approve", id)
    assert code == 1 and "nobody approves a change of their own" in error and run("get", "Policy", "-o", "json")[1] == "[]\n"
    as_account(monkeypatch, "bob")
    head, row = run("changes", "list")[1].splitlines()
    assert head.split()[-1] == "CHANGE" and row.split()[-2:] == ["decide", id] and "os:ann" in row
    shown = run("changes", "show", id)[1]
    assert shown.startswith("os:ann asks for: Policy/no-exports created.") and "+  reason: Not today" in shown and "exports leave" in shown
    approved = run("changes", "approve", id, "--reason", "agreed")
    assert approved[0] == 0 and approved[1].endswith(f"Policy/no-exports created (version 1)\nApplied: {id}, asked for by os:ann.\n")
    assert "exports leave (approved by os:bob: agreed)" in run("history", "Policy", "no-exports")[1]
    assert run("changes", "list")[1] == "No change waits (--all shows the decided ones).\n"
    assert [one["state"] for one in json.loads(run("changes", "list", "--all", "--json")[1])] == ["applied"]


def test_a_change_is_declined_and_withdrawn(two: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With reasons; what is unknown or decided already is said; a deletion and a roll-back wait as well."""
    as_account(monkeypatch, "ann")
    ids = []
    for words in (("delete", "Governance", "default"), ("apply", "-f", str(tmp_path / "p.yaml"))):
        output = two(*words)[1]
        ids.append(output.partition(", as ")[2].split()[0])
    assert two("changes", "withdraw", ids[0], "--reason", "thought again")[1] == f"Withdrawn: {ids[0]}, asked for by os:ann.\n"
    as_account(monkeypatch, "bob")
    declined = json.loads(two("changes", "decline", ids[1], "--reason", "not needed", "--json")[1])
    assert declined["proposal"]["decision_reason"] == "not needed" and declined["applied"] is None
    assert "declined already, by os:bob" in two("changes", "approve", ids[1])[2]
    assert "there is no proposal 'chg_x'" in two("changes", "show", "chg_x")[2]
    assert two("get", "Policy", "-o", "json")[1] == "[]\n" and "second_approver: true" in two("get", "-o", "yaml")[1]


def test_in_an_emergency_one_is_enough(two: Run, tmp_path: Path) -> None:
    """With a reason, for all three verbs that change resources."""
    path = str(tmp_path / "p.yaml")
    assert two("apply", "-f", path, "--alone")[::2] == (2, "gatebook apply: --alone needs --reason\n")
    assert two("apply", "-f", path, "--alone", "--reason", "it burns")[1].endswith("Policy/no-exports created (version 1)\n")
    assert two("delete", "Policy", "no-exports", "--alone", "--reason", "over")[1].endswith("deleted (version 2)\n")
    assert two("rollback", "Policy", "no-exports", "1", "--alone", "--reason", "again")[1].endswith("created (version 3)\n")
