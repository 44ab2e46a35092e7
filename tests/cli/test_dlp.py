"""`gatebook dlp`."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.names import KINDS
from tests.cli.conftest import Run

CARD = "4242 4242 4242 4242"
DETECTOR = """\
kind: Detector
name: employee-number
spec:
  pattern: 'E-[0-9]{6}'
  examples: [E-104233]
  non_examples: [E-1]
"""
GUARDRAIL = """\
kind: Guardrail
name: cards
spec:
  detectors: [credit_card, custom/employee_number]
  action: mask_last4
  selector: {packs: [stored-elsewhere]}
"""


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A file with a detector and a guardrail."""
    path = tmp_path / "own.yaml"
    path.write_text(f"{DETECTOR}---\n{GUARDRAIL}")
    return path


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A text with a card, an address and an employee number."""
    path = tmp_path / "letter.txt"
    path.write_text(f"Card {CARD}\nfrom ann@corp.example, E-104233\n")
    return path


def test_scan_shows_what_was_found_and_no_value(bare: Run, letter: Path) -> None:
    """Detector, severity, place and masked value; it needs no data directory."""
    code, output, _ = bare("dlp", "scan", str(letter))
    rows = [line.split() for line in output.splitlines()]
    assert code == 0
    assert rows == [
        ["DETECTOR", "SEVERITY", "PLACE", "WITHIN", "MASKED"],
        ["pii/credit_card", "high", "1:6", "************4242"],
        ["pii/email", "medium", "2:6", "**********mple"],
    ]
    assert CARD not in output and "ann@" not in output


def test_values_are_shown_where_they_are_asked_for(bare: Run, letter: Path) -> None:
    """In the table and in JSON; without the flag JSON has none either."""
    assert f"  {CARD}\n" in bare("dlp", "scan", str(letter), "--show-values")[1]
    found = json.loads(bare("dlp", "scan", str(letter), "--json", "--show-values")[1])
    assert [one["value"] for one in found] == [CARD, "ann@corp.example"]
    plain = bare("dlp", "scan", str(letter), "--json")[1]
    assert "value" not in json.loads(plain)[0] and CARD not in plain


def test_detectors_are_chosen_and_added(bare: Run, letter: Path, documents: Path) -> None:
    """Patterns as in guardrails, and documents with detectors of one's own; an unknown one is a wrong command."""
    output = bare("dlp", "scan", str(letter), "--detectors", "custom/*, email", "-f", str(documents))[1]
    assert [line.split()[0] for line in output.splitlines()[1:]] == ["pii/email", "custom/employee_number"]
    code, _, errors = bare("dlp", "scan", str(letter), "--detectors", "emial")
    assert code == 2 and "There is no detector 'emial'. Did you mean 'email'?" in errors


def test_nothing_found_is_said(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """From standard input too."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b'{"a": "b"}')))
    assert bare("dlp", "scan", "-") == (0, "Nothing was found.\n", "")


def test_standard_input_is_read_once(bare: Run) -> None:
    """Asked for twice, the second reading would find nothing, and say so."""
    code, output, errors = bare("dlp", "scan", "-", "-f", "-")
    assert (code, output) == (2, "") and "not both" in errors


def test_lint_checks_without_a_deployment(bare: Run, documents: Path) -> None:
    """Tool packs and detectors that are stored elsewhere are taken as being there."""
    assert bare("dlp", "lint", str(documents)) == (0, "1 detector and 1 guardrail are right.\n", "")
    documents.write_text(GUARDRAIL)
    assert bare("dlp", "lint", str(documents))[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("[E-1]", "[E-999999]", 3, "Detector employee-number: The counter-example 'E-999999' is found."),
        ("E-[0-9]{6}'", "E-(?!0)[0-9]{6}'", 3, "Detector employee-number: The pattern uses '(?!', which RE2 and Hyperscan do not know."),
        ("credit_card", "credit_crad", 11, "Guardrail cards: spec.detectors: There is no detector 'credit_crad'. Did you mean 'credit_card'?"),
        ("packs: [stored-elsewhere]", "networks: [10.0.0.1/8]", 13,
         "Guardrail cards: spec.selector.networks[0]: '10.0.0.1/8' is not a network such as 10.0.0.0/8"),
        ("action:", "acton:", 12, "Guardrail cards: spec.acton: unknown field; did you mean 'action'?"),
    ],
)  # fmt: skip
def test_lint_names_file_and_line(bare: Run, documents: Path, old: str, new: str, line: int, expected: str) -> None:
    """One line for each mistake."""
    documents.write_text(documents.read_text().replace(old, new))
    code, output, errors = bare("dlp", "lint", str(documents))
    assert (code, output, errors) == (1, "", f"gatebook dlp: {documents}:{line}: {expected}\n")


def test_lint_as_json(bare: Run, documents: Path, tmp_path: Path) -> None:
    """Counts and errors; the exit code says whether there are any. Files without either kind are a mistake."""
    assert json.loads(bare("dlp", "lint", str(documents), "--json")[1]) == {"detectors": 1, "guardrails": 1, "errors": []}
    documents.write_text(documents.read_text().replace("[E-1]", "[E-999999]"))
    code, output, _ = bare("dlp", "lint", str(documents), "--json")
    assert code == 1 and len(json.loads(output)["errors"]) == 1
    (tmp_path / "crm.yaml").write_text("kind: ToolPack\nname: a\nspec: {tools: {crm: ['*']}}\n")
    assert "hold no detector and no guardrail" in bare("dlp", "lint", str(tmp_path / "crm.yaml"))[2]


def test_all_detectors_are_listed(bare: Run, documents: Path) -> None:
    """The built-in ones, those of a file, and the kinds of names."""
    listed = [line.split()[0] for line in bare("dlp", "detectors")[1].splitlines()[1:]]
    assert listed == [*BUILT_IN, *KINDS]
    found = json.loads(bare("dlp", "detectors", "-f", str(documents), "--json")[1])
    assert [one["id"] for one in found] == [*BUILT_IN, "custom/employee_number", *KINDS]


def test_bench_times_chosen_detectors(bare: Run, documents: Path) -> None:
    """A row each and one for all together, as a table and as JSON."""
    words = ("dlp", "bench", "--detectors", "iban,custom/*", "-f", str(documents))
    rows = [line.split() for line in bare(*words)[1].splitlines()]
    assert rows[0] == ["DETECTOR", "MB/S", "FOUND"]
    assert rows[1][:2] == ["all", "together"] and {row[0] for row in rows[2:]} == {"pii/iban", "custom/employee_number"}
    assert all(float(row[-2]) > 0 for row in rows[1:])
    found = json.loads(bare(*words, "--json")[1])
    assert {one["detector"] for one in found} == {"all together", "pii/iban", "custom/employee_number"}
