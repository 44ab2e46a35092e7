"""What a report says in words, and that it stays of bounded size."""

import msgspec

from gatebook.log.report import FINDINGS_MAX, Finding, Findings


def test_place_in_words() -> None:
    """A place names stream, record, file and byte; a range both ends; no place is empty."""
    finding = Finding(kind="frame", message="m", stream="node-w0", seq=7, segment=1, offset=96)
    assert finding.place() == "stream node-w0, record 7, 0000000000000001.seg at byte 96"
    finding.seq_last = 9
    assert finding.place() == "stream node-w0, record 7 to 9, 0000000000000001.seg at byte 96"
    assert Finding(kind="signature", message="m").place() == ""


def test_what_is_absent_is_left_out_of_json() -> None:
    """A finding without a place has no empty fields."""
    assert msgspec.to_builtins(Finding(kind="runs", message="m")) == {"kind": "runs", "message": "m"}


def test_findings_are_counted_beyond_the_limit() -> None:
    """The first ones are kept, the rest are counted."""
    findings = Findings()
    for seq in range(FINDINGS_MAX + 5):
        findings.add(Finding(kind="chain", message="m", seq=seq))
    assert ([one.seq for one in findings.items], findings.left_out) == (list(range(FINDINGS_MAX)), 5)
