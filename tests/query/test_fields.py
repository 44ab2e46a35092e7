"""The table of fields is complete, documented and fits the rows of the index."""

import re
from pathlib import Path

from gatebook.index.rows import CALL_COLUMNS, FullRow
from gatebook.index.schema import CALLS
from gatebook.query import parse
from gatebook.query.fields import ARGS, BOUNDS, FIELDS, MEANT, ORDERED, table
from gatebook.query.leaves import PHRASE_WORDS_MAX, WILDCARDS_MAX
from gatebook.query.parser import DEPTH_MAX, LENGTH_MAX, TERMS_MAX
from gatebook.query.paths import DEPTH_MAX as PATHS_DEPTH_MAX
from gatebook.query.paths import PAIRS_MAX, PATH_CHARS_MAX, VALUE_CHARS_MAX

PAGE = Path(__file__).parents[2] / "docs" / "search.md"
# Columns that nobody filters by: at which place of which file the records are.
NOT_ASKED_FOR = {"started_segment", "started_offset", "outcome_segment", "outcome_offset"}


def test_every_field_has_its_columns_in_the_index() -> None:
    """No field leads nowhere."""
    assert {column for field in FIELDS.values() for column in field.columns} <= set(FullRow.__struct_fields__)


def test_every_column_can_be_asked_for() -> None:
    """A column without a field is on the list above."""
    asked = {column for field in FIELDS.values() for column in field.columns}
    assert set(CALL_COLUMNS) - asked == NOT_ASKED_FOR


def test_kinds_agree_with_the_columns() -> None:
    """Lists are arrays; ordered fields are numbers or times; words may be folded in the dictionary."""
    for field in FIELDS.values():
        for column in field.columns:
            stored = CALLS.get(column, "String")
            assert field.many == stored.startswith("Array("), field.name
            plain = stored.removeprefix("Array(")
            assert (field.kind in ORDERED) == plain.startswith(("UInt", "Int", "DateTime64")), field.name


def test_what_people_write_elsewhere_leads_to_a_field() -> None:
    """Names of other tools are no fields here, and each names one."""
    assert not MEANT.keys() & (FIELDS.keys() | BOUNDS.keys())
    assert set(MEANT.values()) <= FIELDS.keys() | BOUNDS.keys() | {f"{ARGS}."}


def test_the_documentation_has_the_table() -> None:
    """docs/search.md holds the table as it is printed from the code, and both shorthands for times."""
    page = PAGE.read_text()
    assert table() in page
    assert all(f"`{name}:" in page for name in BOUNDS)


def test_every_example_of_the_documentation_is_a_query() -> None:
    """Each line of the blocks of code, and each filter in running text and tables."""
    page = PAGE.read_text()
    blocks = re.findall(r"^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    inline = [text for text in re.findall(r"`([^`\n]+)`", page) if re.match(rf"-?({'|'.join([*FIELDS, *BOUNDS, ARGS])})[.:]\S*:?\S", text)]
    whole = [text for text in inline if not text.endswith(":") and "<" not in text]
    assert len(lines) >= 10 and len(whole) >= 20
    for text in [*lines, *whole]:
        parse(text)


def test_the_limits_of_the_documentation_are_those_of_the_code() -> None:
    """Each figure that the page names."""
    page = PAGE.read_text()
    for figure in (
        f"{LENGTH_MAX:,} characters, {TERMS_MAX} terms and {DEPTH_MAX} levels",
        f"{WILDCARDS_MAX} wildcards, a phrase {PHRASE_WORDS_MAX} words",
        f"first {PAIRS_MAX} values of a call, each to its first {VALUE_CHARS_MAX} characters, {PATHS_DEPTH_MAX} levels deep",
        f"paths up to {PATH_CHARS_MAX} characters",
    ):
        assert figure in page
