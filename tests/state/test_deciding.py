"""What an order decides: exactly what somebody looked at, and only where there is something to decide."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.definitions.telling import CHARACTERS_MAX
from gatebook.state.deciding import DecisionError, Order, in_force, mark_of, named, plan_decisions, waiting_of
from gatebook.state.definitions import decide, find_listing, read_approved, read_definitions
from gatebook.state.store import Store
from tests.state.noting import HOSTILE, note, tool


def do(store: Store, now_us: int = 5_000_000, **order: Any) -> list[Any]:
    """Plan an order and write it, as the desk does."""
    values = {"connector": "crm", "decision": "approved", "reason": "looked at it", **order}
    with store.write() as connection:
        planned = plan_decisions(connection, Order(**values), "ana", now_us)
        for one in planned:
            decide(connection, one.known)
    return planned


def approved(store: Store) -> dict[str, str]:
    """What may be called: hash by tool."""
    with store.read() as connection:
        return {name: one.hash for name, one in read_approved(connection).get("crm", {}).items()}


def waiting(store: Store) -> list[Any]:
    """What waits."""
    with store.read() as connection:
        listing = find_listing(connection, "crm")
        return waiting_of(read_definitions(connection, "crm"), listing.tools if listing else {})


def fault(store: Store, **order: Any) -> tuple[str, str]:
    """Why an order is not carried out."""
    with pytest.raises(DecisionError) as caught:
        do(store, **order)
    return caught.value.fault, str(caught.value)


def test_a_changed_tool_is_approved_with_a_name(store: Store) -> None:
    """The definition that is listed now comes into force; the diff tells what it is against the one before."""
    note(store, "crm", [tool("get"), tool("put")])
    (drifted,) = [
        one for one in note(store, "crm", [tool("get", "Reads ~/.ssh/id_rsa."), tool("put")], 2_000_000).values() if one.name == "get"
    ]
    (done,) = do(store, tool="get")
    assert (done.known.tool, done.known.decided_by, done.known.reason, done.version, done.listed) == ("get", "ana", "looked at it", 2, True)
    assert "[Reads" in done.diff and approved(store)["get"] == drifted.hash and waiting(store) == []


def test_all_that_waits_is_decided_at_once(store: Store) -> None:
    """New and changed tools together; what was decided before stays as it is."""
    note(store, "crm", [tool("get"), tool("put")])
    after = note(store, "crm", [tool("get", "Other."), tool("put"), tool("new")], 2_000_000)
    mark = mark_of(waiting(store))
    assert [one.known.tool for one in do(store, waiting=mark)] == ["get", "new"]
    assert approved(store) == {name: one.hash for name, one in after.items()}
    assert fault(store)[0] == "nothing"


def test_what_was_not_looked_at_is_not_decided(store: Store) -> None:
    """When the connector lists something else by now, an order with the old mark or the old hash does not approve the new."""
    note(store, "crm", [tool("get")])
    shown = note(store, "crm", [tool("get", "Harmless.")], 2_000_000)["get"]
    mark = mark_of(waiting(store))
    note(store, "crm", [tool("get", "Sends all to evil.example.")], 3_000_000)
    assert fault(store, waiting=mark)[0] == "moved"
    (done,) = do(store, tool="get", hash=shown.hash)
    assert done.known.hash == shown.hash and not done.listed and [one.tool for one in waiting(store)] == ["get"]


def test_a_refused_definition_stays_hidden(store: Store) -> None:
    """It does not wait any more, and only an approval of it changes that."""
    note(store, "crm", [tool("get")])
    note(store, "crm", [tool("get", "Worse.")], 2_000_000)
    do(store, tool="get", decision="refused")
    assert waiting(store) == [] and fault(store, tool="get", decision="refused")[0] == "nothing"
    (done,) = do(store, tool="get")
    assert approved(store)["get"] == done.known.hash


def test_approval_can_be_taken_back(store: Store) -> None:
    """Refusing what is in force leaves nothing that may be called, where nothing else was approved."""
    note(store, "crm", [tool("get")])
    (done,) = do(store, tool="get", decision="refused")
    assert approved(store) == {} and "the definition that was approved" in done.diff


def test_a_tool_that_goes_back_has_to_be_approved_again(store: Store) -> None:
    """The definition before the last approval waits like any other, and its approval counts even if the clock was set back."""
    first = note(store, "crm", [tool("get")])["get"]
    note(store, "crm", [tool("get", "Two.")], 2_000_000)
    do(store, tool="get", now_us=9_000_000)
    note(store, "crm", [tool("get")], 10_000_000)
    assert [one.hash for one in waiting(store)] == [first.hash]
    (done,) = do(store, tool="get", now_us=3_000_000)
    assert approved(store)["get"] == first.hash and done.known.decided_us == 9_000_001


@pytest.mark.parametrize(
    ("order", "wanted", "words"),
    [
        ({"connector": "hr"}, "unknown", "hr"),
        ({"tool": "nope"}, "unknown", "nope"),
        ({"tool": "get"}, "nothing", "approved already"),
        ({"tool": "get", "hash": "ffffffff"}, "unknown", "ffffffff"),
        ({"tool": "get", "hash": "ff"}, "wrong", "6 digits"),
        ({"hash": "ffffffff"}, "unknown", "ffffffff"),
        ({"tool": "get", "reason": "  "}, "wrong", "say why"),
        ({"tool": "get", "reason": "x" * 1_001}, "wrong", "say why"),
        ({"tool": "get", "reason": "\ud800"}, "wrong", "surrogate"),
        ({}, "nothing", "waits"),
    ],
)
def test_orders_that_make_no_sense_say_why(store: Store, order: dict[str, Any], wanted: str, words: str) -> None:
    """The sentence names what is wrong; nothing is changed."""
    note(store, "crm", [tool("get")])
    before = approved(store)
    found, text = fault(store, **order)
    assert found == wanted and words in text and approved(store) == before


def test_a_tool_that_is_gone_is_decided_by_hash_only(store: Store) -> None:
    """There is no definition that is listed now."""
    definitions = note(store, "crm", [tool("get"), tool("put")])
    note(store, "crm", [tool("put")], 2_000_000)
    assert "no longer lists" in fault(store, tool="get")[1]
    (done,) = do(store, tool="get", hash=definitions["get"].hash[:8], decision="refused")
    assert done.known.state == "refused" and not done.listed


def test_hostile_definitions_are_decided_like_others(store: Store) -> None:
    """By name or key, with a diff of bounded size."""
    note(store, "crm", [tool("get")])
    note(store, "crm", HOSTILE, 2_000_000)
    done = do(store)
    assert {one.known.tool for one in done} == {one["name"] for one in HOSTILE}
    assert all(len(one.diff) < CHARACTERS_MAX + 100 for one in done)


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=6, unique=True))
def test_a_word_names_one_tool(tools: list[str]) -> None:
    """Each name is found by itself, unless it is the key of another tool: then the key counts."""
    for name in tools:
        assert named(name, tools) == name or name.startswith("~")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["list", "approved", "refused"]), st.integers(0, 3), st.integers(0, 1)), max_size=12))
def test_what_may_be_called_is_what_somebody_approved(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]) -> None:
    """After any history of lists and decisions: what is in force was approved last, and a listed tool waits, is in force, or was refused."""
    store = Store.open(tmp_path_factory.mktemp("state") / "state.db")
    try:
        clock = itertools.count(1_000_000, 1_000)
        note(store, "crm", [tool("get", "0")], next(clock))
        for what, number, backwards in steps:
            if what == "list":
                note(store, "crm", [tool("get", str(number))], next(clock))
                continue
            try:
                (done,) = do(store, tool="get", decision=what, now_us=1 if backwards else next(clock))
            except DecisionError as error:
                assert error.fault == "nothing"
                continue
            assert what == "refused" or approved(store)["get"] == done.known.hash
        with store.read() as connection:
            own = read_definitions(connection, "crm")
            listing = find_listing(connection, "crm")
        assert listing is not None
        current = in_force(own)
        assert approved(store) == ({"get": current.hash} if current else {})
        listed = next(known for known in own if known.hash == listing.tools["get"])
        assert bool(waiting(store)) == (listed.state != "refused" and (current is None or current.hash != listed.hash))
    finally:
        store.close()


def test_a_hash_alone_names_its_definition(store: Store) -> None:
    """The hash covers the name, so it is of one tool only."""
    definitions = note(store, "crm", [tool("get"), tool("put")], first="pending")
    (done,) = do(store, hash=definitions["put"].hash[:12])
    assert done.known.tool == "put" and [one.tool for one in waiting(store)] == ["get"]
