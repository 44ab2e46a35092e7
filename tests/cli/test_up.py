"""`gatebook up`; what it does is in tests/test_app.py."""

import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_port_in_use_stops_the_start_with_its_number(bare: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything runs; what was made for the deployment stays."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("GATEBOOK_MCP_PORT", str(port))
        code, output, errors = bare("up")
    assert (code, output) == (1, "")
    assert f"port {port}" in errors.splitlines()[-1]
    assert (data / "state.db").exists()
