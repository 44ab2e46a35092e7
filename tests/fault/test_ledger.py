"""The ledger finds each kind of disagreement: a check that cannot fail would prove nothing."""

from collections.abc import Callable

import pytest

from fault.callers import Heard
from fault.ledger import Call, Log, Verdict, judge

KEYS = ("a", "b", "c")


def agreed() -> tuple[Log, Heard, list[str]]:
    """Three calls on which log, clients and connector agree."""
    log, heard = Log(), Heard()
    for key in KEYS:
        log.calls[f"id-{key}"] = Call(
            f"id-{key}", "n-w0", 0, "tools/call", key, ends=["call.finished"], status="ok", response=f"answer {key}".encode()
        )
        heard.answers[key] = f"answer {key}".encode()
        heard.acknowledged.add(key)
    log.types.update({"call.started": 3, "call.finished": 3})
    return log, heard, list(KEYS)


def test_agreement_has_no_faults() -> None:
    """What agrees is counted and not complained about."""
    verdict = judge(*agreed())
    assert verdict.faults == []
    assert (verdict.acknowledged, verdict.started, verdict.finished, verdict.executed) == (3, 3, 3, 3)


def drop(log: Log, heard: Heard, executed: list[str]) -> None:
    """The call is not in the log at all."""
    del log.calls["id-b"]


def change(log: Log, heard: Heard, executed: list[str]) -> None:
    """The log has other bytes than the client got."""
    log.calls["id-b"].response = b"another answer"


def unfinish(log: Log, heard: Heard, executed: list[str]) -> None:
    """The client has its answer and the log does not know the outcome."""
    log.calls["id-b"].ends = ["call.outcome_unknown"]


def end_twice(log: Log, heard: Heard, executed: list[str]) -> None:
    """The call has two outcomes."""
    log.calls["id-b"].ends.append("call.outcome_unknown")


def run_twice(log: Log, heard: Heard, executed: list[str]) -> None:
    """The connector was called twice."""
    executed.append("b")


def run_unrecorded(log: Log, heard: Heard, executed: list[str]) -> None:
    """The connector executed what has no record."""
    executed.append("d")


def refuse_and_run(log: Log, heard: Heard, executed: list[str]) -> None:
    """The client was told that the call was not carried out, and it was."""
    heard.unavailable.add("b")


def damage(log: Log, heard: Heard, executed: list[str]) -> None:
    """The log could not be read to its end."""
    log.damage.append("record 7 does not follow record 5")


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (drop, "lost"),
        (drop, "unrecorded"),
        (change, "lost"),
        (unfinish, "lost"),
        (end_twice, "without_one_outcome"),
        (run_twice, "repeated"),
        (run_unrecorded, "unrecorded"),
        (refuse_and_run, "wrong"),
        (damage, "wrong"),
    ],
)
def test_each_disagreement_is_a_fault(spoil: Callable[[Log, Heard, list[str]], None], field: str) -> None:
    """One thing wrong in one place is found, and named under what it is."""
    log, heard, executed = agreed()
    spoil(log, heard, executed)
    verdict: Verdict = judge(log, heard, executed)
    assert getattr(verdict, field) and verdict.faults
