"""The demo, played for real: people, clients, servers, a killed worker, and the three counts at the end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(400)
def test_what_was_sent_is_recorded_and_found(tmp_path: Path) -> None:
    """`gatebook demo --once --json` exits 0, and all counts agree; every kind of outcome is among them, and somebody was cut off with all they had."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEBOOK_")}
    command = [sys.executable, "-m", "gatebook", "demo", "--once", "--json", "--data", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=380)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["calls"] >= 300
    assert found["calls"] == found["started"] + found["refused"] == found["indexed"]
    assert found["started"] == found["finished"] + found["unknown"] and found["unknown"] == 1
    assert found["verified"] is True and found["disagreements"] == [] and found["sealed"] == found["records"]
    wanted = {"ok", "tool_error", "protocol_error", "upstream_error", "timeout", "cancelled", "blocked", "pending", "unknown"}
    assert wanted <= set(found["status"])
    assert {"allowed", "blocked", "redacted", "pending"} <= set(found["decisions"])
    assert found["findings"]["secret/aws_access_key_id"] >= 1 and found["quarantined"] == ["crm/merge_customers"]
    assert found["sign_ins"] == 3 and found["cut_offs"] == found["cut_offs_complete"] == 1
    assert found["streams_closed"] >= 1 and found["calls_cut_off"] == found["upstream_revoked"] == 1
