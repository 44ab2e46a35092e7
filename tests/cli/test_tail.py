"""`gatebook tail`: follows calls through a running keeper."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.recorded import keeper, record, worker_stream


def test_a_tail_shows_the_last_calls_and_then_the_new_ones(data: Path, gatebook: Run) -> None:
    """Each once, only those that match."""
    ids = record(data)
    with keeper(data):
        command = [sys.executable, "-m", "gatebook", "tail", "--json", "--data", str(data), "status:ok"]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        tail = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
        try:
            assert tail.stdout is not None
            shown = [json.loads(tail.stdout.readline())["call_id"] for _ in range(2)]
            with worker_stream(data) as writer:
                writer.refuse()
                new = writer.call("later")
            shown.append(json.loads(tail.stdout.readline())["call_id"])
        finally:
            tail.terminate()
            tail.wait(10)
            tail.stdout.close()  # type: ignore[union-attr]
    assert shown == [*ids, new]


def test_a_tail_needs_a_keeper(gatebook: Run) -> None:
    """Without one nothing is followed; the sentence says what to do."""
    code, _, err = gatebook("tail")
    assert code == 1 and "gatebook up" in err


def test_a_mistake_in_the_query_is_shown(gatebook: Run) -> None:
    """Before anything is connected."""
    code, _, err = gatebook("tail", "nofield:x")
    assert code == 2 and "^" in err
