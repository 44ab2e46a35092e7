"""The documentation says what the code does: generated pages are up to date, and nothing lacks a sentence."""

import re
from pathlib import Path

import pytest

from gatebook.record.docs import undocumented
from scripts import docs, verbs
from tests.structure.checkout import ROOT, files, name_of

DOCS = ROOT / "docs"
WORDS = (
    "person", "group", "service account", "client", "connector", "tool", "call", "decision", "finding", "record", "stream", "segment",
    "log", "checkpoint", "index",
)  # fmt: skip
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def test_every_field_of_a_record_is_documented() -> None:
    """Each record type and group has a docstring, each field a description."""
    assert undocumented() == []


def test_every_setting_and_field_of_a_connector_is_documented() -> None:
    """Each has a description."""
    assert not [field.name for field in (*docs.settings(), *docs.connector_fields()) if not field.description]


@pytest.mark.parametrize("page", docs.pages(), ids=lambda path: str(path.name))
def test_a_page_that_is_made_from_code_is_up_to_date(page: Path) -> None:
    """The page is what `python3 run.py docs` writes."""
    assert page.read_text() == docs.pages()[page]


def test_there_are_fewer_than_forty_settings() -> None:
    """What people govern is a resource, so the deployment needs few settings."""
    assert len(docs.settings()) < 40


@pytest.mark.parametrize("word", WORDS)
def test_the_glossary_has_the_word(word: str) -> None:
    """Each word of the domain has an entry `**word**` in docs/glossary.md."""
    assert f"**{word}**" in (DOCS / "glossary.md").read_text()


def test_links_between_pages_lead_somewhere() -> None:
    """A relative link in a Markdown file names a file that exists."""
    pages = [path for path in files() if path.suffix == ".md"]
    broken = [
        f"{name_of(page)}: {target}"
        for page in pages
        for target, _ in LINK.findall(page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_decision_records_are_short() -> None:
    """A decision record has at most 40 lines."""
    assert not [name_of(path) for path in (DOCS / "decisions").glob("*.md") if len(path.read_text().splitlines()) > 40]


def test_the_readme_names_every_verb_that_a_newcomer_needs() -> None:
    """README shows the two commands; CONTRIBUTING shows all verbs."""
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme and "make test" in readme
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert not [name for name in verbs.ALL if f"`{name}`" not in contributing]


def test_the_makefile_offers_every_verb() -> None:
    """`make VERB` exists for each verb of run.py."""
    (line,) = re.findall(r"^VERBS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line.split() == list(verbs.ALL)
