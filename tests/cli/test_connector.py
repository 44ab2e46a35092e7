"""`gatebook connector secret` and `gatebook connections`."""

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CONNECTOR = "kind: Connector\nname: crm\nspec: {transport: http, url: https://crm.example/mcp, credential: {kind: secret, scheme: ''}}\n"


@pytest.fixture
def crm(gatebook: Run, tmp_path: Path) -> Run:
    """A connector that takes a shared secret."""
    file = tmp_path / "crm.yaml"
    file.write_text(CONNECTOR)
    assert gatebook("apply", "-f", str(file))[0] == 0
    return gatebook


def test_a_secret_is_sealed_from_standard_input(crm: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing shows it again; it is in no file in clear text."""
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2-of-the-company\n"))
    code, output, _ = crm("connector", "secret", "set", "crm")
    assert code == 0 and output.startswith("The secret of crm is sealed as cred_")
    assert not [path for path in data.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    [row] = json.loads(crm("connections", "--json")[1])
    assert (row["connector"], row["kind"], row["connected"]) == ("crm", "secret", 1)
    assert crm("connections")[1].splitlines()[1].split()[:5] == ["crm", "secret", "1", "0", "0"]
    assert crm("connector", "secret", "remove", "crm")[1] == "The secret of crm is forgotten.\n"
    assert json.loads(crm("connections", "--json")[1])[0]["connected"] == 0
    assert "no secret is kept" in crm("connector", "secret", "remove", "crm")[2]


@pytest.mark.parametrize(("given", "words"), [("", "no secret came"), ("two\nlines", "printable ASCII"), ("ümlaut", "printable ASCII")])
def test_what_no_header_can_carry_is_refused(crm: Run, monkeypatch: pytest.MonkeyPatch, given: str, words: str) -> None:
    """With a sentence that does not repeat it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    code, _, errors = crm("connector", "secret", "set", "crm")
    assert code != 0 and words in errors and (not given or given not in errors)


def test_a_connector_that_takes_no_secret_is_named(gatebook: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is stored for it."""
    monkeypatch.setattr("sys.stdin", io.StringIO("x"))
    assert "there is no connector 'nowhere' with spec.credential.kind: secret" in gatebook("connector", "secret", "set", "nowhere")[2]
    assert gatebook("connections")[1] == "No connector has a credential that is sealed (spec.credential).\n"
