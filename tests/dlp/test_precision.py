"""How well the built-in detectors find what is there, and how rarely they find what is not."""

import json
import time

import pytest

from tests.dlp.labelled import built_in, generate, ordinary
from tests.dlp.labelled.detectors import DETECTORS
from tests.dlp.labelled.judging import Scan, Verdict, judge, judge_ordinary, table
from tests.dlp.labelled.plain import values

PLAIN_RECALL_MIN = 0.98
ENCODED_RECALL_MIN = 0.9
DETECTOR_RECALL_MIN = 0.8  # a detector that is blind in one of the four forms has at most 0.75
BESIDE_SHARE_MAX = 0.01
ORDINARY_SHARE_MAX = 0.001
HOSTILE_S_MAX = 20.0


@pytest.fixture(scope="module")
def scan() -> Scan:
    """The product's scanner with all built-in detectors."""
    return built_in.scan()


@pytest.fixture(scope="module")
def verdict(scan: Scan) -> Verdict:
    """What the scanner makes of all labelled cases."""
    return judge(scan, generate.cases())


def test_what_stands_in_plain_is_found(verdict: Verdict) -> None:
    """Of the values in prose, members, CSV, code and logs at least 98 in 100 are found."""
    missed = [case_id for case_id in verdict.missed_ids if case_id.startswith("plain-")]
    assert verdict.recall("plain") >= PLAIN_RECALL_MIN, missed


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_detector_sees_in_every_form(verdict: Verdict, detector: str) -> None:
    """No detector misses more than a fifth of its plain values."""
    name = detector.split("/")[1]
    missed = [case_id for case_id in verdict.missed_ids if case_id.startswith((f"plain-{name}-", "plain-crowd-"))]
    assert verdict.recall("plain", detector) >= DETECTOR_RECALL_MIN, missed


def test_what_is_hidden_is_found(verdict: Verdict) -> None:
    """Of the values that are encoded, escaped or disguised at least 9 in 10 are found."""
    missed = [case_id for case_id in verdict.missed_ids if case_id.startswith("encoded-")]
    assert verdict.recall("encoded") >= ENCODED_RECALL_MIN, missed


def test_json_that_readers_disagree_about_is_searched_or_refused(verdict: Verdict) -> None:
    """Duplicate keys, NaN and lone surrogates hide nothing."""
    missed = [case_id for case_id in verdict.missed_ids if case_id.startswith("hostile-")]
    assert verdict.recall("hostile") == 1.0, missed


def test_nothing_is_found_where_nothing_is(verdict: Verdict) -> None:
    """No detector and no indicator speaks up on a negative case, except those that the case tolerates."""
    assert verdict.invented_in("negative") == []


def test_a_finding_comes_alone(verdict: Verdict) -> None:
    """At most one true case in a hundred has a finding of a detector that has no business there."""
    true = generate.of_kind("plain", "encoded")
    beside = [*verdict.invented_in("plain"), *verdict.invented_in("encoded")]
    assert len(beside) <= BESIDE_SHARE_MAX * len(true), beside


def test_ordinary_traffic_is_left_alone(scan: Scan) -> None:
    """At most one ordinary payload in a thousand has any finding."""
    false = judge_ordinary(scan, ordinary.payloads())
    assert len(false) <= ORDINARY_SHARE_MAX * ordinary.COUNT, false


def test_the_report_names_every_detector(verdict: Verdict) -> None:
    """The printed table has a line for each detector."""
    text = table(verdict, [], ordinary.COUNT)
    assert all(f"\n{detector} " in text for detector in DETECTORS)


@pytest.mark.parametrize("shape", ["large", "deep"])
def test_size_hides_nothing(scan: Scan, shape: str) -> None:
    """A secret behind ten megabytes or below ten thousand levels is found, or the payload is refused."""
    secret = values()["secret/github_pat"][0]
    body = json.dumps(["x" * 10_000_000, secret]) if shape == "large" else "[" * 10_000 + json.dumps(secret) + "]" * 10_000
    try:
        findings = list(scan(body.encode()))
    except Exception:  # a refusal blocks the call, which is what counts here
        return
    assert findings


@pytest.mark.parametrize("unit", ["4539 ", "1-", "7", "a@", "eyJ", "1.2.3."])
def test_hostile_text_is_read_in_time(scan: Scan, unit: str) -> None:
    """A megabyte of what detectors begin to match, over and over, is done within seconds."""
    body = json.dumps({"text": unit * (1_000_000 // len(unit))}).encode()
    started_s = time.monotonic()
    try:
        scan(body)
    except Exception:  # a refusal is an answer; only its time counts here
        pass
    assert time.monotonic() - started_s < HOSTILE_S_MAX
