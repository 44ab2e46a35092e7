"""One plain sentence about a call."""

from typing import Any, get_args

import pytest

from gatebook.index.rows import CallRow
from gatebook.reading.sentence import own_sentence, sentence
from gatebook.record.parts import Status


def row(**fields: Any) -> CallRow:
    """A tool call of Ann's."""
    base = {
        "name": "Ann",
        "client": "Cursor",
        "connector": "crm",
        "tool": "find",
        "method": "tools/call",
        "duration_us": 41_000,
        "subject": "s",
    }
    return CallRow(call_id="x", time=1, **{**base, **fields})


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"status": "ok"}, "Ann's Cursor asked crm to run find; it was answered in 41 ms."),
        ({"status": "ok", "returned": 4200, "bytes_out": 84_000}, "Ann's Cursor asked crm to run find; 4,200 records came back (84.0 kB) in 41 ms."),
        ({"status": "ok", "returned": 1, "bytes_out": 640}, "Ann's Cursor asked crm to run find; an answer of 640 bytes came back in 41 ms."),
        ({"status": "ok", "bytes_out": 9, "findings": ("email", "credit_card")}, "Ann's Cursor asked crm to run find; an answer of 9 bytes came back in 41 ms; email and credit card were found."),
        ({"status": "ok", "effect": "redacted"}, "Ann's Cursor asked crm to run find; it was answered in 41 ms, after governance redacted it."),
        ({"status": "ok", "effect": "redacted", "rules": ("no-iban", "other"), "findings": ("iban",), "reason": "Account numbers stay here."}, "Ann's Cursor asked crm to run find; it was answered in 41 ms, after rule no-iban redacted it: Account numbers stay here; iban was found."),
        ({"status": "blocked", "rules": ("r1",), "reason": "Not allowed."}, "Ann's Cursor asked crm to run find; rule r1 blocked it: Not allowed."),
        ({"status": "blocked", "rules": ("r1",), "findings": tuple("abcde"), "reason": "No."}, "Ann's Cursor asked crm to run find; rule r1 blocked it because of a, b, c and 2 more: No."),
        ({"status": "tool_error", "error_class": "not_found"}, "Ann's Cursor asked crm to run find; the tool itself failed after 41 ms: what it asked for was not found."),
        ({"status": "ok", "method": "tools/list", "connector": "", "name": "Chris"}, "Chris' Cursor listed the tools of all connectors; it was answered in 41 ms."),
        ({"status": "protocol_error", "method": "", "name": "", "subject": "-", "client": "", "duration_us": 900}, "Somebody who was not identified sent a request that could not be read; it was answered with a protocol error in 0.9 ms."),
        ({"status": "open", "name": "", "subject": "0123456789abcdef"}, "Somebody erased (01234567), with Cursor, asked crm to run find; it has not been answered yet."),
    ],
)  # fmt: skip
def test_the_sentence_says_who_what_and_how_it_ended(fields: dict[str, Any], text: str) -> None:
    """Each kind of end has its own words."""
    assert sentence(row(**fields)) == text


@pytest.mark.parametrize("status", [*get_args(Status), "open"])
def test_every_status_ends_the_sentence(status: str) -> None:
    """No status is left without words."""
    assert sentence(row(status=status)).endswith(".") and ("; " in sentence(row(status=status)))


def test_a_call_that_waits_for_an_approval_says_which_rule_asks() -> None:
    """Another round of the same call is something else."""
    waiting = row(status="pending", effect="pending", rules=("ask-first",), reason="Exports are looked at first.")
    assert (
        sentence(waiting) == "Ann's Cursor asked crm to run find; rule ask-first asks for an approval first: Exports are looked at first."
    )
    assert sentence(row(status="pending")).endswith("; it waits for another round.")


def test_the_person_who_called_is_told_without_names_of_rules() -> None:
    """The same, said to them; the reason stays."""
    assert own_sentence(row()).startswith("Your ") and own_sentence(row(client="")).startswith("You asked ")
    blocked = own_sentence(row(status="blocked", effect="blocked", rules=("no-deletions",), reason="Nothing is deleted"))
    assert "no-deletions" not in blocked and blocked.endswith("it was blocked: Nothing is deleted.")
