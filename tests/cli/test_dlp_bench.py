"""Timing of detectors."""

import itertools
import json

from gatebook.cli.dlp_bench import ALL, corpus, timed
from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.detector import Detector


def test_the_text_is_json_of_its_size_and_the_same_every_time() -> None:
    """Else figures of two runs could not be compared."""
    text = corpus(50_000)
    assert text == corpus(50_000)
    assert 50_000 <= len(text) < 52_000
    assert all(record["note"] for record in json.loads(text))


def test_the_slowest_stands_first_and_all_together_before_it() -> None:
    """By a clock that says how long each scan took: 1 s for all, then 2 s, 4 s and 3 s."""
    chosen = [BUILT_IN["pii/email"], BUILT_IN["pii/credit_card"], BUILT_IN["secret/github_pat"]]
    took = itertools.chain.from_iterable([seconds] * 3 for seconds in (2, 4, 3, 1))
    now = 0.0
    began = False

    def clock() -> float:
        nonlocal now, began
        now += next(took) if began else 0
        began = not began
        return now

    found = timed(chosen, corpus(100_000), clock)
    assert [one.detector for one in found] == [ALL, "pii/credit_card", "secret/github_pat", "pii/email"]
    assert [round(one.mb_per_s, 2) for one in found] == [0.1, 0.03, 0.03, 0.05]


def test_what_stands_in_the_text_is_found() -> None:
    """E-mail addresses and cards, so that checking values is part of what is timed; a detector of one's own is timed too."""
    own = Detector(id="custom/state", severity="low", title="State", pattern=r"\bwaiting\b")
    by_id = {one.detector: one.found for one in timed([BUILT_IN["pii/email"], BUILT_IN["pii/credit_card"], own], corpus(100_000))}
    assert by_id["pii/email"] > by_id["pii/credit_card"] > 0 and by_id["custom/state"] > 0
    assert by_id[ALL] == sum(count for name, count in by_id.items() if name != ALL)
