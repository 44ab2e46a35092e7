"""What may not stand in any file: places of one machine, and references that only insiders can follow."""

import re
from pathlib import Path

import pytest

from tests.structure.checkout import ROOT, files, name_of

# `issue 12`, `issue #12`: a reader of the tree cannot look that up. Figures of a standard's own discussions are written SEP-12.
REFERENCE = re.compile(r"\b(?:see|in|for|of|from|fixes|closes) issue #?\d+", re.IGNORECASE)
HOME = re.compile(r"(?<![\w.])/(?:root|home/[a-z]+)/(?!\.\.\.)")
TEXT = [path for path in files() if path.suffix not in {".png", ".ico", ".woff2", ".gz", ".pdf", ".zip"}]


def test_no_file_names_the_checkout_or_a_home_directory() -> None:
    """The tree works wherever it lies, so it says nowhere where it lay."""
    place = f"{ROOT}/"
    bad = {name_of(path) for path in TEXT if place in (text := _read(path)) or (HOME.search(text) and path != Path(__file__))}
    assert not bad


def test_no_file_refers_to_a_private_discussion() -> None:
    """Reasons are written down where they apply."""
    assert not {name_of(path) for path in TEXT if REFERENCE.search(_read(path)) and path != Path(__file__)}


def test_text_ends_with_one_newline_and_no_line_with_a_space() -> None:
    """Files are as .editorconfig says."""
    ours = [path for path in TEXT if path.suffix in {".py", ".md", ".toml", ".js", ".css", ".html", ".sh", ".in"}]
    texts = {name_of(path): _read(path) for path in ours}
    assert not {name for name, text in texts.items() if text and (not text.endswith("\n") or text.endswith("\n\n"))}
    assert not {name for name, text in texts.items() if re.search(r"[ \t]\n", text)}


@pytest.mark.parametrize(("text", "found"), [("fixed in issue #12", True), ("an issue of 12 pages", False), ("for issue 3", True)])
def test_the_pattern_of_references(text: str, found: bool) -> None:
    """The pattern itself finds what it should."""
    assert bool(REFERENCE.search(text)) is found


def _read(path: Path) -> str:
    return path.read_text(errors="replace")
