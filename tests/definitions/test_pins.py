"""Only what was approved may be called, and every way around a pin is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.definition import Definition
from gatebook.definitions.pins import Pin, judge
from tests.definitions.making import definition

READ = definition("read_file", "Reads a file.")
SEND = definition("send_email", "Sends a letter.")
some = st.lists(
    st.builds(definition, st.sampled_from(["read_file", "send_email", "send_emai1", "other"]), st.sampled_from(["x", "y"])), max_size=5
)


def pin(of: Definition) -> Pin:
    """A pin of a definition."""
    return Pin(tool=of.name, hash=of.hash, body_hash=of.body_hash)


def verdicts(pins: list[Pin], listed: list[Definition]) -> dict[str, str]:
    """The verdict on each tool."""
    return {each.tool: each.verdict for each in judge(pins, listed)}


def test_a_list_that_is_as_it_was_is_ok() -> None:
    """In whatever order, and with an entry that stands twice in the same words."""
    assert verdicts([pin(READ), pin(SEND)], [SEND, READ, SEND]) == {"read_file": "ok", "send_email": "ok"}


def test_a_new_text_is_a_change() -> None:
    """The judgement names both hashes."""
    other = definition("read_file", "Reads any file.")
    (found,) = judge([pin(READ)], [other])
    assert (found.verdict, found.hash, found.pinned) == ("changed", other.hash, READ.hash)


def test_a_second_definition_under_one_name_is_a_change() -> None:
    """It is named, wherever the approved one stands."""
    other = definition("read_file", "Reads any file.")
    for listed in ([READ, other], [other, READ]):
        (found,) = judge([pin(READ)], listed)
        assert (found.verdict, found.hash) == ("changed", other.hash)


def test_a_tool_without_a_pin_is_never_ok() -> None:
    """It is new, and what is no longer listed is removed."""
    assert verdicts([pin(READ)], [SEND]) == {"read_file": "removed", "send_email": "new"}


def test_a_tool_under_another_name_is_renamed() -> None:
    """The same body as that of a tool that is gone; as long as that is there, the second one is merely new."""
    moved = definition("fetch_document", "Reads a file.")
    found = {each.tool: each for each in judge([pin(READ)], [moved])}
    assert (found["fetch_document"].verdict, found["fetch_document"].other) == ("renamed", "read_file")
    assert verdicts([pin(READ)], [READ, moved])["fetch_document"] == "new"


def test_a_name_that_resembles_another_is_a_look_alike() -> None:
    """Beside the tool that it resembles; a name that changed into a similar one is a rename."""
    double = definition("send_emai1", "Sends a letter.")
    found = {each.tool: each for each in judge([pin(SEND)], [SEND, double])}
    assert (found["send_emai1"].verdict, found["send_emai1"].other) == ("look_alike", "send_email")
    assert verdicts([pin(SEND)], [double]) == {"send_email": "removed", "send_emai1": "renamed"}


def test_two_pins_of_one_tool_are_an_error() -> None:
    """Which of them holds could not be told."""
    with pytest.raises(ValueError, match="two pins"):
        judge([pin(READ), pin(READ)], [])


@given(st.lists(st.builds(pin, st.sampled_from([READ, SEND, definition("other", "x")])), unique_by=lambda each: each.tool), some)
def test_every_tool_is_judged_once(pins: list[Pin], listed: list[Definition]) -> None:
    """Each listed name and each pin that was there has one judgement; ok means that exactly the pinned hash is listed."""
    found = judge(pins, listed)
    assert [each.tool for each in found] == sorted({each.name for each in listed} | {each.tool for each in pins})
    known = {each.tool: each for each in pins}
    for each in found:
        hashes = {one.hash for one in listed if one.name == each.tool}
        assert (each.verdict == "ok") is (each.tool in known and hashes == {known[each.tool].hash})
        assert (each.verdict == "removed") is (not hashes) and (each.hash in hashes or not hashes)
    assert found == judge(pins, listed[::-1])
