"""`gatebook delete`."""

from pathlib import Path

from tests.cli.conftest import Run


def test_a_resource_is_deleted_once(gatebook: Run, tmp_path: Path) -> None:
    """A dry run shows what would go; a second deletion is an error."""
    (tmp_path / "c.yaml").write_text("kind: Connector\nname: crm\nspec: {transport: http, url: 'https://crm.example/mcp'}\n")
    gatebook("apply", "-f", str(tmp_path / "c.yaml"))
    assert "would be deleted" in gatebook("delete", "connector", "crm", "--dry-run")[1]
    code, output, _ = gatebook("delete", "connector", "crm", "--reason", "old")
    assert code == 0
    assert output.endswith("-  url: https://crm.example/mcp\nConnector/crm deleted (version 2)\n")
    assert gatebook("delete", "connector", "crm")[::2] == (1, "gatebook delete: there is no Connector crm\n")
