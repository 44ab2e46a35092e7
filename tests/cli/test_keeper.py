"""`gatebook keeper`; what it does is in tests/test_app.py."""

from tests.cli.conftest import Run


def test_a_keeper_does_not_make_secrets(bare: Run) -> None:
    """A keeper that cannot find the master key must not invent another."""
    code, _, errors = bare("keeper")
    assert code == 1
    assert "master.key; run `gatebook init` first" in errors
