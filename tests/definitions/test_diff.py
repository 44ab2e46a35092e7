"""A diff says something about every difference, and the same from both sides."""

import json
import time
from typing import Any

import pytest
from hypothesis import given

from gatebook.definitions.definition import read
from gatebook.definitions.diff import compare
from tests.definitions.making import definition, of, tools

FLIPPED = {"widened": "narrowed", "narrowed": "widened"}


@given(tools, tools)
def test_swapping_gives_narrowed_for_widened(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The same places change, the other way round; there is none exactly when the hashes are equal."""
    there, back = compare(of(one), of(other)).changes, compare(of(other), of(one)).changes
    assert sorted(
        (change.path, FLIPPED.get(change.kind, change.kind), change.before or "", change.after or "") for change in there
    ) == sorted((change.path, change.kind, change.after or "", change.before or "") for change in back)
    assert (not there) is (of(one).hash == of(other).hash)


@given(tools, tools)
def test_changes_are_sorted_and_bounded(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The most severe come first, so that what is left out is the least."""
    whole, part = compare(of(one), of(other)), compare(of(one), of(other), changes_max=2)
    ranks = [("high", "medium", "low").index(change.severity) for change in whole.changes]
    assert ranks == sorted(ranks)
    assert part.changes == whole.changes[:2] and part.left_out == max(0, len(whole.changes) - 2) and whole.left_out == 0


@pytest.mark.parametrize(
    ("before", "after", "kind", "severity"),
    [
        ({"annotations": {"readOnlyHint": True}}, {"annotations": {"readOnlyHint": False}}, "annotation", "high"),
        ({"annotations": {"readOnlyHint": True}}, {}, "annotation", "high"),
        ({"annotations": {"destructiveHint": False}}, {"annotations": {}}, "annotation", "high"),
        ({"annotations": {"destructiveHint": True}}, {"annotations": {}}, "annotation", "low"),
        ({"annotations": {"destructiveHint": False}}, {"annotations": {"destructiveHint": "no"}}, "annotation", "high"),
        ({"annotations": {"own": 1}}, {"annotations": {"own": 2}}, "annotation", "medium"),
        ({"annotations": []}, {"annotations": {"own": 2}}, "annotation", "high"),
        ({"annotations": {}}, {}, "annotation", "low"),
        ({"annotations": {"title": "a"}}, {"annotations": {"title": "b"}}, "text", "medium"),
        ({"title": "a"}, {}, "text", "medium"),
        ({"description": "a"}, {"description": "b"}, "text", "medium"),
        ({"icons": []}, {"icons": [{"src": "https://a.example/i.png"}]}, "icons", "low"),
        ({"outputSchema": {"type": "string"}}, {"outputSchema": {}}, "output", "medium"),
        ({"outputSchema": {}}, {"outputSchema": {"type": "string"}}, "output", "low"),
        ({"outputSchema": {"description": "a"}}, {"outputSchema": {"description": "b"}}, "text", "medium"),
        ({"inputSchema": {"type": "object"}}, {}, "widened", "high"),
    ],
)
def test_every_member_has_its_kind(before: dict[str, Any], after: dict[str, Any], kind: str, severity: str) -> None:
    """Hints that are not given count as the protocol says."""
    (change,) = compare(of({"name": "t"} | before), of({"name": "t"} | after)).changes
    assert (change.kind, change.severity) == (kind, severity)


def test_a_new_name_is_said_in_a_sentence() -> None:
    """For a tool that was renamed."""
    (change,) = compare(definition("read"), definition("fetch")).changes
    assert (change.kind, change.text) == ("name", "The tool read is now named fetch")


def test_a_huge_definition_is_compared_in_a_moment() -> None:
    """Tens of thousands of alternatives, and long names around many leaves, neither hang nor fill memory."""
    one = {"name": "t", "inputSchema": {"anyOf": [{"maximum": n} for n in range(12_000)]}}
    other = {"name": "t", "inputSchema": {"anyOf": [{"minimum": n} for n in range(12_000)]}}
    below = [{"name": "t", "inputSchema": {"not": {"if": {"not": each["inputSchema"]}}}} for each in (one, other)]
    deep = {"name": "t", "inputSchema": {"properties": {"p" * 100_000: {"enum": list(range(20_000))}}}}
    start = time.perf_counter()
    assert compare(of(one), of(other)).left_out == 23_500
    assert compare(of(below[0]), of(below[1])).left_out == 23_500
    assert compare(read(json.dumps(deep).encode()), of(other)).changes
    assert time.perf_counter() - start < 20
