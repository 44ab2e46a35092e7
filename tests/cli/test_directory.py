"""`gatebook directory`."""

import json

from tests.cli.conftest import Run


def test_status_of_a_directory_that_has_sent_nothing(gatebook: Run) -> None:
    """The address, good tokens, people and groups; as JSON too."""
    gatebook("scim", "token", "create", "--name", "Okta")
    code, output, _ = gatebook("directory", "status")
    lines = output.splitlines()
    assert code == 0 and lines[0].split() == ["address", "http://127.0.0.1:8401/scim/v2"]
    assert lines[1].split(maxsplit=1)[1] == "1 good of 1" and "last change  never" in lines
    facts = json.loads(gatebook("directory", "status", "--json")[1])
    assert (facts["people"], facts["groups"], facts["failed"]) == (0, [], [])


def test_a_person_is_handed_over_once(gatebook: Run) -> None:
    """Nobody, and somebody who is the directory's already, are refused with a sentence."""
    gatebook("token", "create", "ana@corp.example")
    assert "the directory's now" in gatebook("directory", "adopt", "Ana@corp.example")[1]
    assert "belongs to the directory already" in gatebook("directory", "adopt", "ana@corp.example")[2]
    assert "there is no person 'nobody'" in gatebook("directory", "adopt", "nobody")[2]
