"""Selectors in words."""

import pytest
from msgspec import convert

from gatebook.policy.rules import Limit
from gatebook.policy.selectors import Selector
from gatebook.reading.rule_words import applies_to


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ({}, "Everybody: all tools"),
        ({"groups": ["sales"], "tools": ["export_*"], "connectors": ["crm"]}, "Group sales: tool export_* of crm"),
        ({"groups": ["sales", "*"], "not_groups": ["data", "legal"]}, "Everybody but groups data and legal: all tools"),
        ({"people": ["ann", "bob"], "not_people": ["eve"]}, "Ann and bob but eve: all tools"),
        ({"service_accounts": ["*"], "groups": ["ops"]}, "Group ops and all service accounts: all tools"),
        ({"service_accounts": ["ci"]}, "Service account ci: all tools"),
        ({"tools": ["a", "b", "c", "d", "e", "f"]}, "Everybody: tools a, b, c, d and 2 more"),
        ({"packs": ["desk"], "hints": {"read_only": False, "open_world": True}}, "Everybody: all tools of pack desk that write and that reach outside"),
        ({"clients": ["Cursor*"], "networks": ["10.0.0.0/8"]}, "Everybody: all tools, with Cursor*, from 10.0.0.0/8"),
        ({"not_networks": ["10.0.0.0/8"], "times": [{"days": ["sat", "sun"]}]}, "Everybody: all tools, sat/sun 00:00-24:00 UTC, not from 10.0.0.0/8"),
    ],
)  # fmt: skip
def test_a_selector_is_a_line_of_words(selector: dict[str, object], words: str) -> None:
    """Who, what, and under which circumstances."""
    assert applies_to(convert(selector, Selector)) == words


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"per_s": 3600, "calls_max": 1000}, "above 1,000 calls per hour and person"),
        ({"per_s": 7200, "arguments_bytes_max": 10, "by": []}, "above 10 bytes of arguments per 2 hours"),
        ({"per_s": 61, "response_bytes_max": 5, "by": ["group", "tool"]}, "above 5 bytes of responses per 61 seconds and group, tool"),
    ],
)
def test_a_limit_is_in_the_line(limit: dict[str, object], words: str) -> None:
    """Above how much, over which time, and counted for what."""
    assert applies_to(Selector(), convert(limit, Limit)) == f"Everybody: all tools, {words}"
