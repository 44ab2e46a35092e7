"""The demo's count: what agrees, what does not, and how it says so."""

from pathlib import Path

from gatebook.demo.tally import DETECTORS, EFFECTS, IDENTITY, QUARANTINED, count_log, disagreements
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.record.body import CallFinished, CallRefused, CallStarted
from gatebook.record.body_access import SignedIn
from gatebook.record.body_directory import AccessCutOff, AccessCutOffDone
from gatebook.record.parts import Actor, Client, Outcome, Source, Timing, Trace
from gatebook.settings import LogSettings

_ASKED = {
    "endpoint": "/mcp",
    "actor": Actor(subject="s", kind="person", auth="token"),
    "client": Client(),
    "source": Source(ip="127.0.0.1", port=1),
    "trace": Trace(id="0" * 32, parent="1" * 16),
}
_AGREED = {
    "calls": 3,
    "started": 2,
    "refused": 1,
    "finished": 1,
    "unknown": 1,
    "indexed": 3,
    "verified": True,
    "decisions": dict.fromkeys(EFFECTS, 1),
    "findings": dict.fromkeys(DETECTORS, 1),
    "quarantined": list(QUARANTINED),
    **dict.fromkeys(IDENTITY, 1),
}


def test_tool_calls_are_counted_and_other_requests_are_not(tmp_path: Path) -> None:
    """A list is a record too, but no tool call."""
    vault = Vault(tmp_path / "keys", b"k" * 32)
    book = Book.open(tmp_path / "log", "n-w0", vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=1 << 16))
    for method in ("tools/call", "tools/list"):
        receipt = book.append(CallStarted(method=method, **_ASKED))
        outcome, timing = Outcome(status="ok", transport="ok"), Timing(total_us=1)
        book.append(CallFinished(call=receipt.id, started_seq=receipt.seq, outcome=outcome, timing=timing))
    refused = Outcome(status="blocked", transport="not_sent")
    book.append(CallRefused(method="tools/call", outcome=refused, timing=Timing(total_us=1), **_ASKED)).wait(5)
    found = count_log(tmp_path / "log")
    book.close()
    assert (found["started"], found["finished"], found["unknown"], found["refused"], found["records"]) == (1, 1, 0, 1, 5)
    assert found["status"] == {"blocked": 1, "ok": 1}
    assert (found["decisions"], found["findings"], found["quarantined"]) == ({"allowed": 1}, {}, [])


def test_what_a_cut_off_ended_is_counted(tmp_path: Path) -> None:
    """The complete receipt counts, with its streams, calls and credentials."""
    vault = Vault(tmp_path / "keys", b"k" * 32)
    book = Book.open(tmp_path / "log", "n-k", vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=1 << 16))
    actor = _ASKED["actor"]
    begun = {"cause": "deactivated", "deactivated": True, "revision": 1, "tokens": 1, "sessions": 1, "grants": 1, "actor": actor}
    ended = {"signal": 1, "in_force": 2, "workers": 1, "lost": 0, "streams": 2, "calls": 1, "upstream_revoked": 3, "upstream_failed": 0}
    book.append(AccessCutOff(cut_off="c", subject="s", **begun))
    book.append(AccessCutOffDone(cut_off="c", subject="s", **ended))
    book.append(SignedIn(actor=actor, source=Source(ip="127.0.0.1", port=1))).wait(5)
    found = count_log(tmp_path / "log")
    book.close()
    assert {name: found[name] for name in IDENTITY} == {
        "sign_ins": 1,
        "directory_requests": 0,
        "cut_offs": 1,
        "cut_offs_complete": 1,
        "streams_closed": 2,
        "calls_cut_off": 1,
        "upstream_revoked": 3,
    }


def test_equal_counts_agree() -> None:
    """Started and refused are all calls; finished and unknown are all outcomes."""
    assert disagreements(_AGREED) == []


def test_each_disagreement_is_named() -> None:
    """A call that was not recorded, had no outcome, was not indexed, or a log that does not verify."""
    assert "the clients sent 4 calls" in disagreements(_AGREED | {"calls": 4})[0]
    assert "1 have an outcome" in disagreements(_AGREED | {"unknown": 0})[0]
    assert "the index 2" in disagreements(_AGREED | {"indexed": 2})[0]
    assert "does not verify" in disagreements(_AGREED | {"verified": False})[0]


def test_each_outcome_that_is_missing_is_named() -> None:
    """A demo in which nothing was redacted, a detector found nothing, or a changed tool was not noticed, has failed."""
    assert disagreements(_AGREED | {"decisions": {"allowed": 3, "blocked": 1, "pending": 1}}) == ["no call was redacted"]
    missing = dict.fromkeys(DETECTORS[1:], 1)
    assert disagreements(_AGREED | {"findings": missing}) == [f"{DETECTORS[0]} was not found"]
    assert disagreements(_AGREED | {"streams_closed": 0}) == ["there are no streams closed"]
    assert "1 receipts are complete" in disagreements(_AGREED | {"cut_offs": 2})[0]
    assert disagreements(_AGREED | {"quarantined": []}) == [f"{QUARANTINED[0]} is not quarantined"]
