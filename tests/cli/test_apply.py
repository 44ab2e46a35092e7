"""`gatebook apply`."""

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: 'https://crm.example/mcp'}\n"


def test_a_file_is_tried_applied_and_left_alone(gatebook: Run, tmp_path: Path) -> None:
    """Each time the output says what happened, with the diff where there is one."""
    path = tmp_path / "c.yaml"
    path.write_text(CRM)
    tried = gatebook("apply", "-f", str(path), "--dry-run")
    assert tried[1].endswith("+  url: https://crm.example/mcp\nConnector/crm would be created (version 1)\n")
    assert gatebook("apply", "-f", str(path), "--reason", "new")[1].endswith("Connector/crm created (version 1)\n")
    assert gatebook("apply", "-f", str(path)) == (0, "Connector/crm unchanged (version 1)\n", "")


def test_folders_and_standard_input_are_read(gatebook: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """YAML files of a folder in order of name; other files are not touched."""
    folder = tmp_path / "connectors"
    folder.mkdir()
    (folder / "b.yaml").write_text(CRM)
    (folder / "a.yml").write_text(CRM.replace("crm", "hr"))
    (folder / "notes.txt").write_text("not: [yaml")
    assert [line.split()[0] for line in gatebook("apply", "-f", str(folder))[1].splitlines() if " created " in line] == [
        "Connector/hr",
        "Connector/crm",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO(CRM.replace("name: crm", "name: third")))
    assert "Connector/third created" in gatebook("apply", "-f", "-")[1]


def test_mistakes_name_their_file_and_change_nothing(gatebook: Run, tmp_path: Path) -> None:
    """One wrong document of two spoils both; a missing file, an empty one and an empty folder are mistakes too."""
    path = tmp_path / "c.yaml"
    path.write_text(f"{CRM}---\n{CRM.replace('name: crm', 'name: hr').replace('url', 'ulr')}")
    code, _, errors = gatebook("apply", "-f", str(path))
    assert (code, errors) == (1, f"gatebook apply: {path}:7: Connector hr: spec.ulr: unknown field; did you mean 'url'?\n")
    assert gatebook("get", "-o", "json")[1] == "[]\n"
    assert "No such file" in gatebook("apply", "-f", str(tmp_path / "absent.yaml"))[2]
    path.write_text("")
    assert "nothing in these files" in gatebook("apply", "-f", str(path))[2]
    (tmp_path / "empty").mkdir()
    assert "no file that ends in" in gatebook("apply", "-f", str(tmp_path / "empty"))[2]
    path.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in gatebook("apply", "-f", str(path))[2]
