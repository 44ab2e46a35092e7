"""`gatebook index`: how it stands, and building it anew."""

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.recorded import keeper, record


def found(gatebook: Run) -> int:
    return len(gatebook("search", "--json")[1].splitlines())


def test_a_rebuild_without_a_keeper(data: Path, gatebook: Run) -> None:
    """In this process; the same calls are found, and the status names the streams."""
    record(data)
    assert found(gatebook) == 3
    code, out, _ = gatebook("index", "rebuild", "--json")
    assert code == 0 and json.loads(out)["streams"]["node1-w0"] == 6
    assert found(gatebook) == 3
    code, out, _ = gatebook("index", "status", "--json")
    assert code == 0 and json.loads(out)["follower"] == {"state": "no keeper runs"}
    assert "node1-w0" in gatebook("index", "status")[1]


def test_a_rebuild_of_an_index_that_is_damaged(data: Path, gatebook: Run) -> None:
    """It is only a copy: what cannot be opened is thrown away and built from the log."""
    record(data)
    assert found(gatebook) == 3
    for path in (data / "index" / "engine" / "metadata").rglob("*.sql"):
        path.write_bytes(b"\0garbage")
    code, _, err = gatebook("search")
    assert code == 1 and "index rebuild" in err
    assert gatebook("index", "rebuild")[0] == 0
    assert found(gatebook) == 3
    shutil.rmtree(data / "index")
    assert found(gatebook) == 3


def test_a_rebuild_with_a_running_keeper(data: Path, gatebook: Run) -> None:
    """The keeper builds beside the old one; the command waits until the new one is in force."""
    record(data)
    with keeper(data):
        before = json.loads((data / "index" / "generation.json").read_text())["number"]
        code, out, _ = gatebook("index", "rebuild", "--json")
        assert code == 0 and json.loads(out)["streams"]["node1-w0"] == 6
        assert json.loads((data / "index" / "generation.json").read_text())["number"] == before + 1
        assert found(gatebook) == 3
        assert "indexed up to record 6" in gatebook("index", "status")[1]
