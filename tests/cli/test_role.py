"""`gatebook role`."""

import json
from pathlib import Path

import pytest

from gatebook.control.office import run
from tests.cli.conftest import Run
from tests.cli.recorded import record, settings_of

ROLE = "kind: Role\nname: desk\nspec: {description: Looks., grants: {metadata: all}, groups: [desk], reason_required: true}\n"


@pytest.fixture
def entered(data: Path, gatebook: Run) -> Run:
    """A deployment with a role of its own and somebody who has it."""
    record(data)
    settings = settings_of(data)
    run(settings, "apply", {"texts": [{"source": "r", "text": ROLE}]})
    run(settings, "token_create", {"person": "ann", "person_name": "Ann", "groups": ["desk", "auditors"]})
    return gatebook


def test_roles_are_listed_shown_and_told_of_a_person(entered: Run) -> None:
    """As tables and as JSON; one that is not there is said to be so."""
    code, out, _ = entered("role", "list")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert (
        code == 0 and lines["desk"].split()[1] == "all" and lines["it_support"].split()[1] == "fields" and "everybody" in lines["employee"]
    )
    code, out, _ = entered("role", "show", "desk")
    assert code == 0 and "desk: Looks." in out and "gives a reason" in out
    code, out, _ = entered("role", "of", "ann")
    assert code == 0 and out.startswith("ann: employee, auditor, desk")
    assert json.loads(entered("role", "of", "ann", "--json")[1])["shown"]["evidence"] == "all"
    assert {one["name"] for one in json.loads(entered("role", "list", "--json")[1])["roles"]} >= {"admin", "desk"}
    assert json.loads(entered("role", "show", "desk", "--json")[1])["held_by"] == 1
    code, _, err = entered("role", "show", "nothing")
    assert code == 1 and "there is no role 'nothing'" in err
    code, _, err = entered("role", "of", "nobody")
    assert code == 1 and "no person of this id" in err
