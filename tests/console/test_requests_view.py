"""Words of the pages about approvals and requests for access."""

import pytest

from gatebook.console import requests_view as view
from gatebook.state.approvals import Approval


@pytest.mark.parametrize(
    ("hours_max", "expected", "on"),
    [
        (720, ["1 hour", "8 hours", "1 day", "7 days", "30 days"], 8),
        (8760, ["1 hour", "8 hours", "1 day", "7 days", "30 days"], 8),
        (12, ["1 hour", "8 hours", "12 hours"], 8),
        (48, ["1 hour", "8 hours", "1 day", "2 days"], 8),
        (1, ["1 hour"], 1),
    ],
)
def test_durations_end_with_the_longest_that_is_allowed(hours_max: int, expected: list[str], on: int) -> None:
    """One of them is set: the usual one, or the nearest to it."""
    found = view.durations(hours_max, 8)
    assert [one.words for one in found] == expected and [one.hours for one in found if one.on] == [on]


def test_a_decision_shows_how_it_stands_now() -> None:
    """Approved, used, over or declined; an approval for a time is not used up by a call."""

    def word(**changes: object) -> str:
        base: dict[str, object] = {"decision": "approved", "single_use": True, "until_us": 100, "used_us": None}
        known = {
            "call": "c",
            "person": "p",
            "connector": "x",
            "tool": "t",
            "arguments_sha256": "",
            "rules": (),
            "decided_by": "b",
            "decided_us": 1,
        }
        return view.look_of_decision(Approval(**{**known, **base, **changes}), 50).word  # type: ignore[arg-type]

    assert word() == "Approved"
    assert word(used_us=20) == "Approved, used"
    assert word(used_us=20, single_use=False) == "Approved"
    assert word(until_us=50) == "Over"
    assert word(decision="declined", until_us=1) == "Declined"


def test_long_arguments_are_one_line() -> None:
    """Cut, and without line breaks."""
    assert view.one_line(b'{\n  "a": 1\n}') == '{ "a": 1 }'
    assert len(view.one_line(b"[" + b"1," * 500 + b"1]")) == 160
