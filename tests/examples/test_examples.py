"""The examples are whole configurations that can be applied, and that do what their tests say."""

from pathlib import Path

import pytest

from gatebook.control.governance import Text, read_texts
from gatebook.policy.bundle import Bundle
from gatebook.policy.cases import failures
from gatebook.state.checking import Draft
from gatebook.state.documents import Document
from gatebook.state.store import Store

EXAMPLES = Path(__file__).parents[2] / "examples"
COMPANIES = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())


def documents(company: str) -> list[Document]:
    """Read all files of a company, but for drafts that are only replayed."""
    paths = [path for path in sorted((EXAMPLES / company).glob("*.yaml")) if "strict" not in path.name]
    return read_texts([Text(str(path), path.read_text()) for path in paths])


def test_there_are_three_kinds_of_company() -> None:
    """A software firm, a clinic and a bank, each named in the README."""
    assert COMPANIES == ["acme", "bank", "clinic"]
    readme = (EXAMPLES / "README.md").read_text()
    assert all(f"]({company})" in readme for company in COMPANIES)


@pytest.mark.parametrize("company", COMPANIES)
def test_an_example_can_be_applied_and_passes_its_tests(company: str, tmp_path: Path) -> None:
    """On an empty deployment, without an error and without a warning; every policy has a test."""
    store = Store.open(tmp_path / "state.db")
    with store.read() as connection:
        draft = Draft(connection, documents(company))
    assert draft.check() == []
    bundle = Bundle.compile(draft.sources())
    assert list(failures(bundle)) == [] and all(rule.tests for rule in bundle.rules.values())
    assert len(bundle.rules) >= 4 and len(draft.rules.guardrails) >= 3
    store.close()


@pytest.mark.parametrize("company", COMPANIES)
def test_the_tests_of_an_example_can_fail(company: str, tmp_path: Path) -> None:
    """Without its policies, what is expected to be denied or to wait does not come out so."""
    store = Store.open(tmp_path / "state.db")
    with store.read() as connection:
        bundle = Bundle.compile(Draft(connection, documents(company)).sources())
        bare = Bundle.compile(Draft(connection, [one for one in documents(company) if one.kind == "Connector"]).sources())
    assert list(failures(bare, bundle.rules.values()))
    store.close()


def test_the_draft_can_be_applied_over_the_example(tmp_path: Path) -> None:
    """It is what `gatebook policy replay` is shown with."""
    store = Store.open(tmp_path / "state.db")
    strict = EXAMPLES / "acme" / "policies-strict.yaml"
    with store.read() as connection:
        draft = Draft(connection, [*documents("acme"), *read_texts([Text(str(strict), strict.read_text())])])
    assert draft.check() == []
    store.close()
