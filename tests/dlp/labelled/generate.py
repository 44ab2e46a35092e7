"""Makes all labelled cases, the same ones each time; `python -m tests.dlp.labelled.generate` writes them as JSON lines."""

import json
import sys
from functools import cache

from tests.dlp.labelled import crowds, encoded, negatives, plain
from tests.dlp.labelled.case import Case


@cache
def cases() -> tuple[Case, ...]:
    """Return every case: plain, encoded, gap, hostile and negative."""
    return (*plain.cases(), *crowds.cases(), *encoded.cases(), *negatives.cases())


def of_kind(*kinds: str) -> list[Case]:
    """Return the cases of these kinds."""
    return [case for case in cases() if case.kind in kinds]


def main() -> None:
    """Write one line for each case."""
    for case in cases():
        expect = [[one.detector, one.value] for one in case.expect]
        line = {
            "id": case.id,
            "kind": case.kind,
            "way": case.way,
            "body": case.body().decode(),
            "expect": expect,
            "also": sorted(case.also),
        }
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
