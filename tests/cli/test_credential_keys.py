"""`gatebook credential-keys`."""

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_connector import CONNECTOR


@pytest.fixture
def sealed(gatebook: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """One secret is sealed."""
    file = tmp_path / "crm.yaml"
    file.write_text(CONNECTOR)
    gatebook("apply", "-f", str(file))
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cret"))
    assert gatebook("connector", "secret", "set", "crm")[0] == 0
    return gatebook


def _keys(gatebook: Run) -> list[tuple[int, bool]]:
    return [(key["sealed"], key["current"]) for key in json.loads(gatebook("credential-keys", "list", "--json")[1])]


def test_a_new_key_takes_over_all_that_is_sealed(sealed: Run) -> None:
    """A dry run only counts; the old key is unused afterwards and may go."""
    assert _keys(sealed) == [(1, True)]
    assert sealed("credential-keys", "rotate", "--dry-run")[1] == "1 would be wrapped under a new key. Nothing was done.\n"
    assert _keys(sealed) == [(1, True)]
    assert sealed("credential-keys", "rotate")[1].startswith("1 wrapped under k")
    assert _keys(sealed) == [(0, False), (1, True)]
    lines = sealed("credential-keys", "list")[1].splitlines()
    assert lines[1].endswith("unused: may be taken out of the ring") and lines[2].endswith("newest: seals from now on")
    assert json.loads(sealed("credential-keys", "rotate", "--no-new-key", "--json")[1])["wrapped"] == 0


def test_a_key_that_is_gone_is_named(sealed: Run, data: Path) -> None:
    """What is sealed under it does not open, and rotation says so with its exit code."""
    ring = data / "secrets" / "credential.keys"
    ring.unlink()
    lines = sealed("credential-keys", "list")[1].splitlines()
    assert lines[-1].endswith("missing: what is sealed under it does not open")
    code, output, _ = sealed("credential-keys", "rotate", "--no-new-key")
    assert code == 1 and "1 did not open" in output


def test_a_ring_in_the_environment_gets_its_new_key_there(sealed: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a ring that others may read stops everything that needs it, with the place."""
    ring = data / "secrets" / "credential.keys"
    monkeypatch.setenv("RING", ring.read_text().strip())
    monkeypatch.setenv("GATEBOOK_CREDENTIALS_KEYS", "env:RING")
    assert _keys(sealed) == [(1, True)]
    assert "add the new key there" in sealed("credential-keys", "rotate")[2]
    monkeypatch.delenv("GATEBOOK_CREDENTIALS_KEYS")
    ring.chmod(0o644)
    assert "make it 0600" in sealed("credential-keys", "list")[2]
