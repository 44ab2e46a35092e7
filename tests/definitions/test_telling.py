"""A diff as lines: complete, bounded, and with nothing in it that pretends to be a line of ours."""

import json
from typing import Any

from hypothesis import given

from gatebook.definitions.characters import hidden
from gatebook.definitions.telling import CHARACTERS_MAX, laid_out, one_line, told
from tests.definitions.making import definition, of, tools


def test_each_change_is_a_line_with_its_sides() -> None:
    """The severity, the place, the sentence; what was and what is; changed words stand in brackets."""
    before = definition("send", "Sends a mail to one person.", annotations={"readOnlyHint": True})
    after = definition(
        "send", "Sends a mail to every person.", {"type": "object", "properties": {"bcc": {"type": "string"}}}, annotations={}
    )
    lines = told(before, after).splitlines()
    assert lines[0] == f"  before {before.hash[:16]}, after {after.hash[:16]}"
    assert any(line.startswith("! high /inputSchema") and "bcc" in line for line in lines)
    assert any(line.startswith("! high /annotations/readOnlyHint") for line in lines)
    assert "- Sends a mail to [one ]person." in lines and "+ Sends a mail to [every ]person." in lines


def test_a_first_definition_is_told_whole() -> None:
    """Where there was nothing, all of it is new."""
    lines = told(None, definition("send", "Sends.")).splitlines()
    assert lines[0].startswith("  before nothing") and '+   "description": "Sends.",' in lines
    assert all(line.startswith("+ ") for line in lines[1:])


def test_nothing_of_a_definition_stands_at_the_beginning_of_a_line() -> None:
    """A break of line in a text is written out, so that a forged line cannot be read as ours; so is what nobody sees."""
    text = told(definition("x", "a"), definition("x", "a\n+ approved by root\r\u202eb\u200b\x1b[2J"))
    assert "\n+ approved" not in text and "\\n+ approved by root\\r<U+202E>b<U+200B><U+001B>[2J" in text


def test_a_huge_change_is_cut() -> None:
    """A reader, and a record, get so many characters, and are told what is left out."""
    properties = {f"parameter_{number}": {"type": "string", "description": "word " * 60} for number in range(400)}
    after = definition("x", "word " * 20_000, {"type": "object", "properties": properties})
    for before in (None, definition("x", "short")):
        assert len(told(before, after)) < CHARACTERS_MAX + 100
    assert "more lines" in told(None, after)


@given(tools, tools)
def test_any_two_definitions_are_told(one: Any, other: Any) -> None:
    """Every line has a mark, nothing hidden is left, and no change is told exactly where there is none."""
    before, after = of(one), of(other)
    lines = told(before, after).splitlines()
    assert all(line[:2] in ("  ", "! ", "- ", "+ ") for line in lines) and not hidden("".join(lines))
    assert (len(lines) == 1) == (before.hash == after.hash)


def test_the_whole_definition_is_json_still() -> None:
    """What is shown can be read by a program, too."""
    assert json.loads(laid_out(definition("x", "a\u200bb")))["description"] == "a<U+200B>b"


def test_one_line_is_one_line() -> None:
    """Backslashes are doubled, so that a written-out break cannot be told from a real one by accident."""
    assert one_line("a\\n\nb\tc") == "a\\\\n\\nb\\tc" and len(one_line("x" * 10_000)) == 4_000
