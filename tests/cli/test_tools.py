"""`gatebook tools`, with and without a keeper."""

import json
import time
from pathlib import Path

import pytest

from gatebook.state.store import Store
from tests.cli.conftest import Run
from tests.cli.recorded import keeper, record, settings_of
from tests.state.noting import HOSTILE, note, tool

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: 'https://crm.example/mcp', allow: {groups: [sales]}}\n"


@pytest.fixture
def drifted(gatebook: Run, data: Path, tmp_path: Path) -> Run:
    """A connector of which one tool changed and one came new."""
    (tmp_path / "crm.yaml").write_text(CRM)
    assert gatebook("apply", "-f", str(tmp_path / "crm.yaml"))[0] == 0
    listed(data, [tool("get"), tool("put")], 1_000_000)
    listed(data, [tool("get", "Gets a deal, and all others."), tool("put"), tool("new")], 2_000_000)
    return gatebook


def listed(data: Path, tools: list[dict[str, object]], at_us: int) -> None:
    """Have the connector list tools."""
    store = Store.open(settings_of(data).state_path)
    note(store, "crm", tools, at_us)
    store.close()


def test_what_waits_is_found_read_and_approved(drifted: Run) -> None:
    """From the list of connectors to the diff to the decision, and then nothing waits."""
    code, output, _ = drifted("tools", "list")
    assert code == 0 and output.splitlines()[1].split()[:3] == ["crm", "3", "2"] and "tools list crm --waiting" in output
    output = drifted("tools", "list", "crm", "--waiting")[1]
    assert [line.split()[:2] for line in output.splitlines()[1:]] == [["CHANGED", "get"], ["waiting", "new"]]
    code, output, _ = drifted("tools", "diff", "crm/get")
    assert code == 1 and "+ [Gets a deal, and all others]." in output
    code, output, _ = drifted("tools", "approve", "crm/get", "--reason", "spoke to the vendor")
    assert code == 0 and "crm/get" in output.splitlines()[-1] and "approved by os:" in output.splitlines()[-1]
    assert drifted("tools", "diff", "crm/get") == (0, "crm/get is listed as it was approved.\n", "")
    output = drifted("tools", "show", "crm/get")[1]
    assert "spoke to the vendor" in output and "in force" in output and "group sales" in output
    assert drifted("tools", "refuse", "crm", "--reason", "nobody asked for it")[1].endswith("crm/new " + hash_of(drifted, "new") + " refused by " + who(drifted) + "\n")  # fmt: skip
    assert "or none that waits" in drifted("tools", "list", "crm", "--waiting")[1]


def hash_of(run: Run, name: str) -> str:
    """The first digits of the hash of what is listed."""
    return str(json.loads(run("tools", "show", f"crm/{name}", "--json")[1])["facts"]["hash"])[:12]


def who(run: Run) -> str:
    """Who decided last."""
    return str(json.loads(run("tools", "show", "crm/new", "--json")[1])["facts"]["decided_by"])


def test_json_stands_beside_each(drifted: Run) -> None:
    """What programs read, for every action."""
    assert json.loads(drifted("tools", "list", "--json")[1])["connectors"][0]["undecided"] == 2
    assert [one["tool"] for one in json.loads(drifted("tools", "list", "crm", "--waiting", "--json")[1])["all_tools"]] == ["get", "new"]
    compared = json.loads(drifted("tools", "diff", "crm/get", "--json")[1])
    assert compared["changes"][0]["path"] == "/description"
    decided = json.loads(drifted("tools", "approve", "crm/get", "--reason", "ok", "--hash", compared["after"][:10], "--json")[1])
    assert decided[0]["known"]["hash"] == compared["after"] and decided[0]["listed"] is True
    assert json.loads(drifted("tools", "diff", "crm/get", "--json")[1]) is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "crm"), 2, "crm/export_contacts"),
        (("approve", "crm/", "--reason", "x"), 2, "crm/export_contacts"),
        (("show", "crm/nope"), 1, "nope"),
        (("list", "hr"), 1, "hr"),
        (("approve", "crm/put", "--reason", "x"), 1, "approved already"),
        (("approve", "crm/get", "--reason", " "), 1, "say why"),
        (("approve", "hr", "--reason", "x"), 1, "hr"),
        (("refuse", "crm/get", "--hash", "ffffffff", "--reason", "x"), 1, "ffffffff"),
    ],
)
def test_mistakes_are_one_sentence(drifted: Run, words: tuple[str, ...], code: int, said: str) -> None:
    """2 for a command that is wrong, 1 for what does not work; nothing on standard output."""
    found, output, errors = drifted("tools", *words)
    assert (found, output) == (code, "") and said in errors and errors.count("\n") == 1


def test_a_reason_is_asked_for(drifted: Run) -> None:
    """Nobody approves without saying why."""
    with pytest.raises(SystemExit) as left:
        drifted("tools", "approve", "crm/get")
    assert left.value.code == 2


def test_hostile_names_and_texts_do_not_steer_the_terminal(drifted: Run, data: Path) -> None:
    """Every hidden character is written out, and no line is forged."""
    listed(data, HOSTILE, 3_000_000)
    shown = drifted("tools", "list", "crm")[1]
    for one in HOSTILE:
        code, output, _ = drifted("tools", "show", f"crm/{one['name']}")
        assert code == 0
        shown += output
    shown += drifted("tools", "approve", "crm", "--reason", "a test")[1]
    assert not set(shown) & set("\x1b\x07\u202e\u200b\r") and "\n+ approved by root" not in shown
    assert "<U+202E>evil" in shown and "\\u202eliam" in shown


def test_a_running_keeper_adds_what_the_index_knows(drifted: Run, data: Path) -> None:
    """The same commands go through the keeper: calls are counted there, and a decision is made there."""
    record(data)
    with keeper(data):
        ends_s = time.monotonic() + 20
        while (row := json.loads(drifted("tools", "list", "--json")[1])["connectors"][0])["activity"]["calls"] < 3:
            assert time.monotonic() < ends_s, "the calls are not counted"
            time.sleep(0.1)
        assert row["activity"]["last_us"] and row["undecided"] == 2
        listed(data, [*HOSTILE, tool("get")], 3_000_000)
        for one in HOSTILE:
            assert json.loads(drifted("tools", "show", f"crm/{one['name']}", "--json")[1])["facts"]["tool"] == one["name"]
        assert "decided" not in drifted("tools", "approve", "crm", "--reason", "all of it")[2]
        assert json.loads(drifted("tools", "list", "--json")[1])["connectors"][0]["undecided"] == 0
        assert drifted("tools", "show", "crm/nothing")[0] == 1
