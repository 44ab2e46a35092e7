"""`gatebook worker`; what it does is in tests/test_app.py."""

import pytest

from tests.cli.conftest import Run


def test_a_worker_does_not_make_a_deployment(bare: Run) -> None:
    """Without init there is nothing to serve; without a slot there is no stream to write to."""
    code, _, errors = bare("worker", "--slot", "0")
    assert code == 1
    assert "gatebook init" in errors
    with pytest.raises(SystemExit):
        bare("worker")
