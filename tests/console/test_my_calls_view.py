"""Single calls in words to the person who made them."""

from msgspec.structs import replace

from gatebook.console.my_calls_view import latest_line, stopped_line, stopped_lines
from gatebook.console.zones import UTC_ZONE
from tests.reading.test_sentence import row

BLOCKED = row(
    status="blocked",
    effect="blocked",
    rules=("no-deletions",),
    reason="Nothing is deleted.",
    connector="crm",
    tool="delete_x",
    client="Claude",
)
NOW_US = BLOCKED.time + 3_600_000_000


def test_a_blocked_call_is_told_without_the_names_of_rules() -> None:
    """What was asked and why it was stopped, to the one who asked; and what they can do."""
    line = stopped_line(BLOCKED, {BLOCKED.call_id}, UTC_ZONE, NOW_US)
    assert line.text == "Your Claude asked crm to run delete_x; it was blocked: Nothing is deleted."
    assert (line.look.word, line.next_href, line.when) == ("Blocked", f"/access/{BLOCKED.call_id}", "60 min ago")
    assert stopped_line(BLOCKED, (), UTC_ZONE, NOW_US).next_href == ""


def test_a_call_that_waits_leads_to_who_approves() -> None:
    """As long as it waits."""
    waits = replace(BLOCKED, status="pending", effect="pending")
    assert stopped_line(waits, (), UTC_ZONE, NOW_US).next_href == f"/approvals/{waits.call_id}"


def test_the_like_of_a_call_is_told_once_and_counted() -> None:
    """An app that tries again and again fills no page; another reason is another line."""
    rows = [BLOCKED, replace(BLOCKED, call_id="2"), replace(BLOCKED, call_id="3", reason="Other."), replace(BLOCKED, call_id="4")]
    first, second = stopped_lines(rows, (), UTC_ZONE, NOW_US)
    assert (first.id, first.repeats, second.id, second.repeats) == (BLOCKED.call_id, 2, "3", 0)


def test_what_a_client_wrote_cannot_hide_anything() -> None:
    """Hidden characters are written out, and nothing is endless."""
    hostile = replace(BLOCKED, tool="a\u202eb" * 400, client="x\u200by" * 400)
    for line in (stopped_line(hostile, (), UTC_ZONE, NOW_US), latest_line(hostile, UTC_ZONE, NOW_US)):
        assert not {"\u202e", "\u200b"} & set(line.what + line.text) and len(line.what) < 400 and len(line.text) < 600
