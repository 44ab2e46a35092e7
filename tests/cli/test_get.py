"""`gatebook get`."""

import json
from pathlib import Path

import pytest

from gatebook.cli.get import kind_of
from gatebook.cli.main import Problem
from tests.cli.conftest import Run

TWO = """\
kind: Connector
name: crm
spec:
  transport: http
  url: https://crm.example/mcp
---
kind: Connector
name: git
spec:
  transport: stdio
  command:
  - git-server
"""


@pytest.fixture
def filled(gatebook: Run, tmp_path: Path) -> Run:
    """Two connectors."""
    (tmp_path / "c.yaml").write_text(TWO)
    assert gatebook("apply", "-f", str(tmp_path / "c.yaml"), "--reason", "to begin with")[0] == 0
    return gatebook


def test_what_is_exported_can_be_applied_again(filled: Run, tmp_path: Path) -> None:
    """The YAML of all resources is that which was applied, and applying it changes nothing."""
    exported = filled("get", "-o", "yaml")[1]
    assert exported == TWO
    (tmp_path / "again.yaml").write_text(exported)
    assert filled("apply", "-f", str(tmp_path / "again.yaml"))[1].count("unchanged") == 2


def test_one_resource_as_json_and_all_as_a_table(filled: Run) -> None:
    """The table says who changed what and why."""
    assert json.loads(filled("get", "connectors", "git", "-o", "json")[1]) == [
        {"kind": "Connector", "name": "git", "spec": {"transport": "stdio", "command": ["git-server"]}}
    ]
    head, crm, git = filled("get")[1].splitlines()
    assert head.split() == ["KIND", "NAME", "VERSION", "CHANGED", "BY", "REASON"]
    assert crm.split()[:3] == ["Connector", "crm", "1"]
    assert git.endswith("to begin with")


def test_what_is_not_there_is_an_error(filled: Run) -> None:
    """An unknown name and an unknown kind are told apart."""
    assert filled("get", "Connector", "hr")[::2] == (1, "gatebook get: there is no Connector hr\n")
    assert filled("get", "conector")[::2] == (2, "gatebook get: unknown kind 'conector'; did you mean Connector?\n")
    assert (kind_of("CONNECTORS"), kind_of("policies"), kind_of("policy")) == ("Connector", "Policy", "Policy")
    with pytest.raises(Problem, match="unknown kind 'x'"):
        kind_of("x")
