"""Receipts in words."""

import pytest
from msgspec.structs import replace

from gatebook.console.cut_offs_view import BARS_MAX, CAUSES, prospect_numbers, receipt_view, row_of, sentence
from gatebook.console.zones import UTC_ZONE
from gatebook.reading.cut_off_room import CredentialFacts, CutOffFacts, Prospect, WorkerFacts

HIDDEN = "Leo \u202e<b>\x1b[31m"
SIGNAL_US = 1_767_225_600_000_000
FAST = WorkerFacts(stream="n-w0", after_us=7_000, streams=2, calls=0, lost=False)
SLOW = WorkerFacts(stream="n-w1", after_us=42_000, streams=0, calls=1, lost=False)
LOST = WorkerFacts(stream="n-w2", after_us=10_250_000, streams=0, calls=0, lost=True)
FACTS = CutOffFacts(
    id="cut_1",
    person="leo@northwind.example",
    person_name="Leo Marchetti",
    cause="deactivated",
    by="Okta",
    reason="left",
    signal_us=SIGNAL_US,
    tokens=1,
    sessions=2,
    grants=3,
    services=("nightly",),
    streams=2,
    calls=1,
    workers=(SLOW, FAST),
    waiting=(),
    credentials=(CredentialFacts(connector="crm", credential="crd_1", outcome="revoked", detail=""),),
    in_force_us=42_000,
    last_call_us=SIGNAL_US - 5_000_000,
    done_us=SIGNAL_US + 2_000_000,
)
FAILED = CredentialFacts(connector="", credential="", outcome="failed", detail=HIDDEN)
OPEN = replace(FACTS, done_us=None, last_call_us=None, in_force_us=None, credentials=(), workers=(FAST,), waiting=("n-w1",))


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        (FACTS, "Complete"),
        (OPEN, "Going on"),
        (replace(FACTS, workers=(FAST, LOST)), "Worker without answer"),
        (replace(FACTS, workers=(FAST, LOST), credentials=(FAILED,)), "Not all revoked"),
    ],
)
def test_what_somebody_must_do_is_the_word_of_a_row(facts: CutOffFacts, word: str) -> None:
    """A credential that is still good at a connector comes before a worker that refuses everybody."""
    assert row_of(facts, UTC_ZONE).look.word == word


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (FACTS, "Leo Marchetti was cut off, and all 2 workers refused within 42 ms of the signal."),
        (replace(FACTS, workers=(FAST,)), "Leo Marchetti was cut off, and the worker refused within 7.0 ms of the signal."),
        (replace(FACTS, workers=()), "Leo Marchetti was cut off. No worker was serving."),
        (OPEN, "Leo Marchetti is being cut off."),
        (
            replace(FACTS, workers=(FAST, LOST)),
            "Leo Marchetti was cut off, and the worker refused within 7.0 ms of the signal."
            " 1 did not answer and refuses everybody until back in touch.",
        ),
        (
            replace(FACTS, workers=(LOST, replace(LOST, stream="n-w3"))),
            "Leo Marchetti was cut off. 2 did not answer and refuse everybody until back in touch.",
        ),
    ],
)
def test_the_sentence_claims_no_more_than_is_known(facts: CutOffFacts, said: str) -> None:
    """A worker that did not answer never counts among those that refused, nor its wait as theirs."""
    assert sentence(facts) == said


def test_a_row_counts_what_ended() -> None:
    """In the order of the columns, with who asked for it."""
    row = row_of(replace(FACTS, credentials=(*FACTS.credentials, FAILED), by="idp:okta"), UTC_ZONE)
    assert [(one.count, one.what) for one in row.numbers] == [
        (1, "tokens"),
        (2, "sessions"),
        (3, "grants"),
        (2, "streams"),
        (1, "calls"),
        (1, "revoked"),
        (1, "failed"),
    ]
    assert (row.by, row.signal, row.href) == ("identity provider okta", "2026-01-01 00:00:00 UTC", "/cut-offs/cut_1")
    assert {row_of(replace(FACTS, cause=cause), UTC_ZONE).cause for cause in CAUSES} == set(CAUSES.values())


def test_a_receipt_that_goes_on_names_what_is_open() -> None:
    """Who was waited for; nothing is open when it is done."""
    going = receipt_view(OPEN, UTC_ZONE)
    assert going.open == (
        "n-w1 has not said yet that it refuses",
        "Credentials at connectors are being revoked, and the last call is looked for",
    )
    assert (going.told, going.all, going.done, going.last_call) == (1, 3, "", "")
    done = receipt_view(FACTS, UTC_ZONE)
    assert done.open == () and done.done == "2026-01-01 00:00:02 UTC" and done.last_call == "2025-12-31 23:59:55 UTC"
    assert [one.stream for one in done.workers] == ["n-w0", "n-w1"]


def test_many_workers_are_one_chart_of_the_slowest() -> None:
    """The table has all of them, the chart as many bars as fit."""
    many = tuple(replace(FAST, stream=f"n-w{number:02}", after_us=1_000 * (number + 1)) for number in range(BARS_MAX + 4))
    shown = receipt_view(replace(FACTS, workers=many), UTC_ZONE)
    assert len(shown.workers) == BARS_MAX + 4
    assert "the slowest, n-w35, after 36 ms" in shown.chart and "n-w04: 5.0 ms" in shown.chart and "n-w03" not in shown.chart
    assert receipt_view(replace(FACTS, workers=()), UTC_ZONE).chart == ""


def test_what_others_wrote_hides_nothing_and_is_cut() -> None:
    """Names, reasons and answers of connectors: hidden characters written out, one line, never long."""
    hostile = replace(
        FACTS,
        person=HIDDEN,
        person_name=HIDDEN,
        by=HIDDEN,
        reason="x\n" * 5000,
        services=(HIDDEN,),
        credentials=(FAILED,),
        waiting=(HIDDEN,),
    )
    shown = receipt_view(hostile, UTC_ZONE)
    texts = [
        shown.row.name,
        shown.row.person,
        shown.row.by,
        shown.sentence,
        shown.reason,
        shown.services[0].id,
        shown.credentials[0].detail,
    ]
    assert not [text for text in texts if {"\u202e", "\x1b", "\n"} & set(text)]
    assert len(shown.reason) <= 1001 and shown.credentials[0].connector == "–"
    assert shown.row.person_href.startswith("/people/") and not {"<", "\u202e", " "} & set(shown.row.person_href)


def test_what_would_end_is_counted_in_words() -> None:
    """One of something is not many; the plural is at the right word."""
    found = Prospect(person="a", person_name="A", active=True, provisioned=True, tokens=1, sessions=0, grants=2, credentials=1, services=())
    assert [f"{one.count} {one.what}" for one in prospect_numbers(found)] == [
        "1 access token",
        "0 console sessions",
        "2 grants of AI clients",
        "1 credential at connectors",
    ]
