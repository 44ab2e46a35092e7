"""Past calls against another configuration."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.replay import NAMES_MAX, OTHERS, Changed, PastCall, Replay, changes, replay
from gatebook.policy.request import Request
from gatebook.policy.rules import Limit, Rule
from gatebook.policy.selectors import Selector
from tests.policy import cast
from tests.policy.cast import ENGINE, asking, bundle


@given(old=cast.sources, new=cast.sources, requests=st.lists(cast.requests, max_size=8))
@settings(max_examples=60)
def test_a_replay_finds_what_deciding_each_call_twice_finds(old: Sources, new: Sources, requests: list[Request]) -> None:
    """With the old bundle or with what was recorded, and every sum is that of the changed calls."""
    before, after = Bundle.compile(old, ENGINE), Bundle.compile(new, ENGINE)
    calls = [
        PastCall(id=str(n), request=request, effect=before.decide(request).effect, rule=before.decide(request).rule)
        for n, request in enumerate(requests)
    ]
    expected = [call.id for call in calls if after.decide(call.request).effect != call.effect]
    assert [one.call for one in changes(calls, after, before)] == [one.call for one in changes(calls, after)] == expected
    report = replay(calls, after, before)
    assert (report.calls, report.changed, report.undecided) == (len(calls), len(expected), 0)
    for sums in (report.transitions, report.by_rule, report.by_person, report.by_tool):
        assert sum(sums.values()) == len(expected)
    assert {one.call for one in report.examples} == set(expected)


def test_the_report_says_who_and_what_changes() -> None:
    """From which effect to which, by rule, person and tool, with examples."""
    old, new = bundle(), bundle(Rule(id="big", effect="deny", when="args.rows > 10"))
    calls = [PastCall(id=f"c{rows}", request=asking(args={"rows": rows}), effect="allowed", rule="x") for rows in range(15)]
    report = replay(calls, new, old, examples_max=2)
    assert report.transitions == {("allowed", "blocked"): 4}
    assert (report.by_rule, report.by_person, report.by_tool) == ({"big": 4}, {"ana": 4}, {"crm__list": 4})
    granted = "connector/crm:allow.groups[everyone]"
    assert report.examples == tuple(Changed(f"c{n}", "allowed", granted, "blocked", "big", "ana", "crm", "list") for n in (11, 12))
    back = replay(calls, old, new)
    assert back.by_rule == {"big": 4} and back.transitions == {("blocked", "allowed"): 4}


def test_another_rule_with_the_same_effect_is_no_change() -> None:
    """People ask what will stop working, or start to."""
    assert replay([PastCall(id="c", request=asking(), effect="blocked", rule="old")], bundle(Rule(id="new", effect="deny"))).changed == 0


def test_a_call_whose_arguments_are_gone_is_not_guessed() -> None:
    """Where no condition reads them it is decided; else it is counted apart."""
    lost = PastCall(id="c", request=asking(), effect="allowed", rule="x", arguments_known=False)
    assert replay([lost], bundle(Rule(id="r", effect="deny", when="args.rows > 10"))).undecided == 1
    assert replay([lost], bundle(Rule(id="r", effect="deny"))).changed == 1
    assert replay([lost], bundle(Rule(id="r", effect="deny", when="hour >= 0"))).changed == 1


def test_conditions_that_fail_are_counted_by_rule() -> None:
    """So a new rule that cannot cope with real calls shows before it is in force."""
    report = replay(
        [PastCall(id="c", request=asking(args={}), effect="allowed", rule="x")] * 3,
        bundle(Rule(id="r", effect="deny", when="args.rows > 10", mode="observe")),
    )
    assert (report.errors, report.changed) == ({"r": 3}, 0)


def test_without_the_old_bundle_the_call_must_say_what_was_decided() -> None:
    """It is never assumed."""
    with pytest.raises(ValueError, match="not known what was decided for call c"):
        replay([PastCall(id="c", request=asking())], bundle())


def test_limits_are_counted_by_the_caller() -> None:
    """A replay that is given a counter uses it."""
    rule = Rule(id="cap", effect="deny", limit=Limit(per_s=60, calls_max=1))
    run = Replay(bundle(rule))
    call = PastCall(id="c", request=asking(), effect="allowed", rule="x")
    assert run.add(call) is None and run.add(call, lambda name, key: True) is not None


def test_what_is_counted_apart_has_an_end() -> None:
    """A million persons do not fill memory: the rest is counted together."""
    run = Replay(bundle(Rule(id="r", effect="deny")))
    for number in range(NAMES_MAX + 50):
        run.add(PastCall(id="c", request=asking(person=f"p{number}"), effect="allowed", rule="x"))
    assert len(run.report().by_person) == NAMES_MAX + 1 and run.report().by_person[OTHERS] == 50


def test_a_day_of_calls_takes_seconds() -> None:
    """A hundred rules, a fifth with a condition: thousands of calls in a second of one core, even on a busy machine."""
    rules = [Rule(id=f"r{n}", effect="deny", selector=Selector(tools=(f"tool_{n}_*", "get_*") if n < 3 else (f"tool_{n}_*",)), when=f"args.?rows.orValue(0) > {1000 + n}" if n % 5 == 0 else None, mode="observe" if n in (1, 2) else "enforce") for n in range(100)]  # fmt: skip
    calls = [
        PastCall(
            id=str(n), request=asking(f"get_{n % 7}", args={"rows": n, "q": "x" * 50}, person=f"p{n % 50}"), effect="allowed", rule="x"
        )
        for n in range(4000)
    ]
    began = time.process_time()
    report = replay(calls, bundle(*rules))
    assert report.changed == sum(n > 1000 for n in range(4000))
    assert 4000 / (time.process_time() - began) > 5_000
