"""`gatebook grants`."""

import json
from pathlib import Path

import pytest

from gatebook.cli.grants import lines
from gatebook.cli.width import clean, width
from gatebook.control.office import keeper_client, run
from gatebook.state.store import Store
from tests.cli.conftest import Run
from tests.cli.recorded import keeper, record, settings_of
from tests.state.noting import note, tool
from tests.test_app import until

_RESOURCES = """
kind: Connector
name: crm
spec: {transport: http, url: 'https://crm.example/mcp', allow: {groups: [sales, support]}}
"""


@pytest.fixture
def granted(data: Path, gatebook: Run) -> Run:
    """Ann and Bob of sales have called two of the three tools of the CRM; the connector is older than any report."""
    record(data)
    settings = settings_of(data)
    run(settings, "apply", {"texts": [{"source": "r", "text": _RESOURCES}]})
    for person in ("ann", "bob"):
        run(settings, "token_create", {"person": person, "person_name": person.title(), "groups": ["sales"]})
    store = Store.open(settings.state_path)
    names = ("find_customer", "list_deals", "delete_deal")
    note(store, "crm", [tool(name) for name in names])
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE resources SET at_us = 1000000")
    store.close()
    return gatebook


def test_the_report_without_a_keeper(granted: Run) -> None:
    """Totals first, then a table that is aligned; filters and JSON; the way on at its end."""
    code, out, _ = granted("grants")
    head = next(line for line in out.splitlines() if line.startswith("CONNECTOR"))
    assert code == 0 and "grants were not used in 90 days" in out.splitlines()[0] and "gatebook grants narrow" in out
    row = next(line for line in out.splitlines() if "delete_deal" in line and "sales" in line)
    assert row[head.index("STATE") :].split() == ["unused", "2", "0", "0", "0", "-"]
    found = json.loads(granted("grants", "--json", "--group", "sales")[1])
    assert {one["tool"]: one["state"] for one in found["grants"]}["delete_deal"] == "unused" and found["used"] == 2
    only = granted("grants", "--unused", "--connector", "crm", "--days", "400")[1]
    assert "delete_deal" in only and "  used" not in only
    assert granted("grants", "--connector", "nope")[1] == "No grant of a known tool.\n"


def test_narrowing_with_a_keeper(granted: Run, data: Path, tmp_path: Path) -> None:
    """The draft goes to standard output or a file, the way on to standard error; replayed it changes nothing, applied the grants are gone."""
    with keeper(data) as settings:
        until(lambda: bool(keeper_client(settings).get("/api/v1/status")["positions"]), 30)
        code, out, err = granted("grants", "narrow", "--group", "sales")
        assert code == 0 and out.startswith("kind: Policy\nname: narrow-crm-sales\n") and "gatebook policy replay FILE" in err
        file = tmp_path / "narrow.yaml"
        code, nothing, err = granted("grants", "--group", "sales", "narrow", "-o", str(file))
        assert (code, nothing) == (0, "") and file.read_text() == out and f"gatebook apply -f {file}" in err
        assert "0 of" in granted("policy", "replay", str(file), "--since", "90d")[1]
        assert granted("apply", "-f", str(file), "--reason", "unused")[0] == 0
        assert json.loads(granted("grants", "--json", "--group", "sales")[1])["unused"] == 0
        assert granted("grants", "narrow", "--group", "sales")[1:] == ("", "There is nothing to narrow.\n")


def test_a_terminal_is_kept_and_not_steered(granted: Run) -> None:
    """Lines fit; what a connector or a directory wrote is written out."""
    found = json.loads(granted("grants", "--json")[1])
    found["grants"][0] |= {"to": "\x1b[31m" + "名" * 60, "tool": "x" * 200}
    for terminal in (100, 140):
        drawn = list(lines(found, unused=False, terminal=terminal, colour=False))
        assert max(map(width, drawn)) <= terminal and all(line == clean(line) for line in drawn)


def test_mistakes_are_sentences(gatebook: Run) -> None:
    """A number of days that is none, and a draft without a keeper."""
    assert gatebook("grants", "--days", "0")[0] == 2
    code, _, err = gatebook("grants", "--days", "9999")
    assert code == 1 and "must be a number from 1 to 400" in err
    code, _, err = gatebook("grants", "narrow")
    assert code == 1 and "needs a running keeper" in err
