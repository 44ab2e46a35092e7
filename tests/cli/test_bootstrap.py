"""`gatebook bootstrap`."""

from tests.cli.conftest import Run


def test_the_link_is_alone_on_standard_output(gatebook: Run) -> None:
    """Who it is for and until when goes to the other stream; the person is an administrator from then on."""
    code, output, errors = gatebook("bootstrap", "Ana@corp.example")
    assert code == 0
    assert output.startswith("http://127.0.0.1:8401/sign-in#")
    assert output.count("\n") == 1
    assert errors.startswith("Opens the console for ana@corp.example, once, until 20")
    gatebook("token", "create", "ana@corp.example")
    assert "admins" in gatebook("token", "list")[1]
