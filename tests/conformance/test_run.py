"""The verdict on a run: any difference and any failed scored scenario counts."""

import json
from collections import Counter

import pytest

from conformance.recorded import Comparison
from conformance.run import Side, report
from conformance.suite import Check, Run

GOOD = Run(0, {"ping": [Check("a", "A", "SUCCESS"), Check("b", "B", "SUCCESS")]}, "")
WORSE = Run(0, {"ping": [Check("a", "A", "SUCCESS"), Check("b", "B", "WARNING")]}, "")
FEWER = Run(0, {"ping": [Check("a", "A", "SUCCESS")]}, "")
NONE = Run(0, {}, "")
FAILED = Run(1, GOOD.checks, "")


def test_equal_runs_pass() -> None:
    """The same checks with the same ends pass, also when the text of a message differs."""
    other = Run(0, {"ping": [Check("a", "A", "SUCCESS", "took 3 ms"), Check("b", "B", "SUCCESS")]}, "")
    assert Side("2025-11-25", set(), GOOD, other).passed()


@pytest.mark.parametrize(
    ("direct", "gateway"), [(GOOD, WORSE), (GOOD, FEWER), (GOOD, NONE), (FEWER, GOOD), (FAILED, FAILED), (GOOD, FAILED)]
)
def test_a_difference_or_a_failure_does_not_pass(direct: Run, gateway: Run) -> None:
    """A check that ends otherwise, is left out or is new, and a scored scenario that failed, even both ways."""
    assert not Side("2025-11-25", set(), direct, gateway).passed()


def test_the_report_is_json() -> None:
    """Counts of the log and checks of both ways are in the JSON document."""
    comparison = Comparison(seen=Counter(answers=2), found=Counter(answers=1), missing=["to_client response: {}"])
    found = json.loads(json.dumps(report([Side("2025-11-25", set(), GOOD, WORSE)], comparison, False)))
    assert found["log"]["seen"] == {"answers": 2}
    assert found["requirements"]["2025-11-25"]["same"] is False
    assert found["requirements"]["2025-11-25"]["gateway"]["checks"]["ping"] == [["a", "SUCCESS"], ["b", "WARNING"]]
