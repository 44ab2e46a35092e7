"""How tools stand: every tool in exactly one state, and only what was approved may be called."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.reading.standing import UNDECIDED, Standing, standings
from gatebook.state.deciding import waiting_of
from gatebook.state.definitions import Known, Listing
from tests.definitions.making import definition


def known(name: str, text: str, state: str = "approved", at_us: int = 1) -> Known:
    """A definition that was seen."""
    made = definition(name, text)
    decided: dict[str, Any] = {} if state == "pending" else {"decided_by": "ana", "decided_us": at_us}
    return Known(connector="crm", tool=name, hash=made.hash, definition=made.text, state=state, seen_us=at_us, **decided)  # type: ignore[arg-type]


def listing(*listed: Known) -> Listing:
    """What the connector lists."""
    return Listing(connector="crm", tools={one.tool: one.hash for one in listed}, at_us=1)


def states(definitions: list[Known], *listed: Known, mode: str = "first") -> dict[str, str]:
    """State by tool."""
    return {one.tool: one.state for one in standings(definitions, listing(*listed), mode)}


OLD, NEW = known("get", "Old."), known("get", "New.", "pending", 2)


@pytest.mark.parametrize(
    ("definitions", "listed", "wanted"),
    [
        ([OLD], [OLD], {"get": "approved"}),
        ([OLD, NEW], [NEW], {"get": "changed"}),
        ([NEW], [NEW], {"get": "waiting"}),
        ([OLD, known("get", "New.", "refused", 2)], [NEW], {"get": "refused"}),
        ([OLD, known("get", "New.", "approved", 2)], [OLD], {"get": "changed"}),
        ([OLD], [], {"get": "removed"}),
        ([NEW], [], {}),
        ([OLD, known("fetch", "Old.", "pending")], [known("fetch", "Old.")], {"fetch": "renamed", "get": "removed"}),
        ([known("get_customer", "A"), known("get_custumer", "B", "pending")], [known("get_customer", "A"), known("get_custumer", "B")], {"get_customer": "approved", "get_custumer": "look_alike"}),
    ],
)  # fmt: skip
def test_each_state_has_its_case(definitions: list[Known], listed: list[Known], wanted: dict[str, str]) -> None:
    """What is listed against what was approved, refused or never decided."""
    assert states(definitions, *listed) == wanted


def test_without_approval_nothing_is_judged() -> None:
    """`tool_approval: none`: the list is not held against anything."""
    assert states([OLD, NEW], NEW, mode="none") == {"get": "unchecked"}
    assert standings([], None, "first") == []


def test_the_renamed_tool_names_the_one_that_it_was() -> None:
    """So that both can be compared."""
    (fetch, _) = standings([OLD, known("fetch", "Old.", "pending")], listing(known("fetch", "Old.")), "first")
    assert (fetch.tool, fetch.other) == ("fetch", "get")


_KNOWN = st.builds(known, st.sampled_from(["get", "got", "put"]), st.sampled_from("AB"), st.sampled_from(["pending", "approved", "refused"]), st.integers(1, 9))  # fmt: skip


@given(st.lists(_KNOWN, max_size=6, unique_by=lambda one: (one.tool, one.hash)), st.data())
def test_what_waits_is_the_same_for_pages_and_decisions(definitions: list[Known], data: st.DataObject) -> None:
    """Whatever was seen and decided: what a page says waits is what an order would decide, and approved is exactly what the gateway lets through."""
    listed = data.draw(st.lists(st.sampled_from(definitions), unique_by=lambda one: one.tool)) if definitions else []
    found: list[Standing] = standings(definitions, listing(*listed), "first")
    assert len({one.tool for one in found}) == len(found)
    waiting = {one.tool for one in waiting_of(definitions, listing(*listed).tools)}
    assert {one.tool for one in found if one.state in UNDECIDED} == waiting
    for one in found:
        same = one.listed is not None and one.approved is not None and one.listed.hash == one.approved.hash
        assert (one.state == "approved") == same
