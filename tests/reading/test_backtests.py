"""Backtests over a real book: what another guardrail would have done with the payloads that are stored."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from gatebook.gateway.guards import Guarding, Guards
from gatebook.reading.backtested import Backtested
from gatebook.reading.backtests import Backtesting, BacktestOrder, Backtests
from gatebook.reading.jobs import JobLimits, TooManyJobs
from gatebook.reading.viewer import Viewer
from gatebook.record.parts import Decision, Outcome
from tests.console.stage import ADMIN, Stage
from tests.console.traffic import PEOPLE
from tests.reading.conftest import viewer_of
from tests.reading.payloads import CODED, IBAN, enforce, finding, guardrail, recorded, refused, text_of, week

pytestmark = pytest.mark.asyncio(loop_scope="function")


@pytest_asyncio.fixture(loop_scope="function")
async def stage(tmp_path: Any) -> AsyncIterator[Stage]:
    """A deployment of the test's own, without calls."""
    stage = Stage(tmp_path)
    try:
        await stage.enroll()
        yield stage
    finally:
        stage.close()


async def finished(backtests: Backtests, viewer: Viewer, id: str) -> Backtesting:
    """Wait until a backtest has ended."""
    for _ in range(600):
        found = backtests.find(viewer, id)
        assert found is not None
        if found.state != "running":
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("the backtest did not end")


async def backtest(stage: Stage, draft: str, calls_max: int = 20_000) -> Backtested:
    """Run a draft over the last week."""
    await stage.settled()
    viewer = viewer_of(stage, ADMIN)
    since_us, until_us = week()
    order = BacktestOrder(since_us=since_us, until_us=until_us, calls_max=calls_max)
    begun = await stage.backtests.start(viewer, await stage.backtests.draft(draft), order)
    found = await finished(stage.backtests, viewer, begun.id)
    assert found.state == "done" and found.result is not None, found.failure
    return found.result


def transitions(found: Backtested) -> dict[tuple[str, str], int]:
    """How many calls would end in which other way."""
    return {(one.was, one.now): one.count for one in found.transitions}


async def test_hidden_values_are_found_as_the_gateway_finds_them(stage: Stage) -> None:
    """Plain, in base64, and in a key of the answer; with what was found, where, and never the value."""
    plain = recorded(stage, {"id": 1}, text_of(f"Pay to {IBAN}."))
    coded = recorded(stage, {"id": 2}, text_of(CODED), tool="get_note")
    key = recorded(stage, {"id": 3}, {"structuredContent": {IBAN: {"owner": "Ann"}}})
    recorded(stage, {"id": 4}, text_of("nothing here"), person=1)
    found = await backtest(stage, guardrail("accounts"))
    assert transitions(found) == {("allowed", "blocked"): 3}
    assert {(one.call, one.now_by, one.part) for one in found.examples} == {(id, "accounts", "response") for id in (plain, coded, key)}
    places = {one.call: one for one in found.found}
    assert places[plain].pointer == "/content/0/text" and places[plain].shape == "**" + "#" * 20
    assert places[coded].layers == ("base64",) and places[key].in_key
    assert places[key].pointer == "/structuredContent/[redacted:iban]"
    assert (found.calls, found.looked_at, found.changed, found.undecided, found.altered) == (4, 4, 3, 0, 0)
    assert [(one.detector, one.severity, one.finds, one.calls, one.calls_before) for one in found.by_detector] == [
        ("pii/iban", "high", 3, 3, 0)
    ]
    assert [(one.guardrail, one.action, one.calls) for one in found.by_guardrail] == [("accounts", "block", 3)]
    assert [(one.value, one.changed, one.query) for one in found.by_tool] == [
        ("crm__get_customer", 2, "connector:crm tool:get_customer"), ("crm__get_note", 1, "connector:crm tool:get_note"),
    ]  # fmt: skip
    assert [(one.value, one.changed) for one in found.by_person] == [(PEOPLE[0].id, 3)]
    assert found.bytes > 300 and 4 / found.calls_per_s == pytest.approx(found.took_s, abs=0.0006)  # told to the millisecond
    assert found.mb_per_s == pytest.approx(found.bytes / found.took_s / 1e6, abs=0.006)
    assert IBAN.encode() not in msgspec.json.encode(found)


async def test_only_the_calls_that_a_selector_means_are_looked_at(stage: Stage) -> None:
    """Person, group, connector and tool; and arguments apart from answers."""
    for person in (0, 1):
        for tool in ("get_customer", "export_contacts"):
            recorded(stage, {"account": IBAN}, text_of(IBAN), person=person, tool=tool)
    scoped = {
        "selector: {tools: [export_*]}": 2,
        "selector: {groups: [engineering]}": 2,
        f"selector: {{people: [{PEOPLE[0].id}], tools: [get_*]}}": 1,
        "selector: {connectors: [git]}": 0,
        "selector: {networks: [10.20.0.0/24]}": 4,
        "selector: {not_networks: [10.20.0.0/24]}": 0,
        "parts: [arguments]": 4,
        "min_count: 2": 0,
        "mode: observe": 0,
    }
    for more, wanted in scoped.items():
        found = await backtest(stage, guardrail("accounts", more=more))
        assert found.changed == wanted, more
    assert [(one.observed, one.calls) for one in found.by_guardrail] == [(True, 4)]


async def test_what_had_been_taken_out_is_counted_from_the_record(stage: Stage) -> None:
    """The book keeps payloads without it: a draft that lets it pass is a change all the same, and the result says how many such payloads there are."""
    await enforce(stage, guardrail("accounts", action="redact") + "---\n" + guardrail("keys", detectors="github_pat", action="block"))
    redacted = recorded(stage, {}, text_of("Pay to [redacted:iban]"), findings=[finding("pii/iban", "redacted")])
    withheld = Outcome(status="blocked", transport="ok", error_class="policy")
    answer = recorded(stage, {}, text_of("[redacted:github_pat]"), findings=[finding("secret/github_pat", "blocked")], outcome=withheld)
    stopped = Decision(effect="blocked", rule="keys", bundle="b" * 16)
    sent = refused(stage, {"q": "[redacted:github_pat]"}, stopped, [finding("secret/github_pat", "blocked", part="arguments")])
    recorded(stage, {}, text_of("clean"))
    same = await backtest(stage, guardrail("accounts", action="redact"))
    assert same.changed == 0 and same.altered == 3 and same.stopped == 0
    looser = await backtest(
        stage, guardrail("accounts", action="log") + "---\n" + guardrail("keys", detectors="github_pat", action="redact")
    )
    assert transitions(looser) == {("redacted", "allowed"): 1, ("blocked", "redacted"): 2}
    assert {one.call for one in looser.examples} == {redacted, answer, sent} and looser.altered == 3
    both = {one.detector: (one.finds, one.calls, one.calls_before) for one in looser.by_detector}
    assert both == {"pii/iban": (1, 1, 1), "secret/github_pat": (2, 2, 2)} and not looser.found


async def test_payloads_that_are_not_there_are_said_to_be_undecided(stage: Stage) -> None:
    """Erased, too large to be kept, kept in part, withheld unseen: each is counted by its reason, and none is called clean."""
    erased = recorded(stage, {}, text_of(IBAN), person=2)
    recorded(stage, {}, text_of(IBAN))
    recorded(stage, {}, text_of("withheld"), outcome=Outcome(status="blocked", transport="ok", error_class="policy"))
    refused(stage, {"text": "x" * 500}, Decision(effect="blocked", rule="accounts", bundle="b" * 16), cut=100)
    await stage.settled()
    row = stage.room.index.call(erased)
    assert row is not None
    month = datetime.fromtimestamp(row.time / 1e6, UTC).strftime("%Y%m")
    assert stage.vault.erase(row.subject, month)
    found = await backtest(stage, guardrail("accounts"))
    assert found.undecided == 3 and found.missing == {"erased": 1, "withheld": 1, "cut": 1}
    assert transitions(found) == {("allowed", "blocked"): 1}


async def test_calls_that_policy_stopped_were_never_looked_at(stage: Stage) -> None:
    """Guardrails come after policies: what a policy denied stays denied, whatever its arguments hold."""
    refused(stage, {"account": IBAN}, Decision(effect="blocked", rule="no-deletions", bundle="b" * 16))
    refused(
        stage,
        {"account": IBAN},
        Decision(effect="blocked", rule="canary", bundle="b" * 16),
        [finding("canary", "blocked", part="arguments")],
    )
    found = await backtest(stage, guardrail("accounts"))
    assert (found.stopped, found.changed, found.looked_at, found.by_detector) == (2, 0, 2, [])


async def test_more_than_calls_of_tools_is_looked_at(stage: Stage) -> None:
    """A resource that was read; not by a guardrail that is about tools, and never what only opens a session or asks what there is."""
    recorded(stage, {}, {"contents": [{"uri": "file:///a", "text": IBAN}]}, method="resources/read", tool="file:///a")
    recorded(stage, {}, {"tools": [{"name": IBAN}]}, method="tools/list", tool="x")
    found = await backtest(stage, guardrail("accounts"))
    assert (found.calls, transitions(found)) == (1, {("allowed", "blocked"): 1})
    assert (await backtest(stage, guardrail("accounts", more="selector: {tools: ['*']}"))).changed == 0


async def test_the_newest_calls_are_looked_at_first(stage: Stage) -> None:
    """With a limit the result says how many of how many, and since when."""
    ids = [recorded(stage, {}, text_of(IBAN), ago_us=(10 - number) * 60_000_000) for number in range(6)]
    found = await backtest(stage, guardrail("accounts"), calls_max=2)
    assert (found.looked_at, found.calls) == (2, 6) and {one.call for one in found.examples} == set(ids[-2:])
    row = stage.room.index.call(ids[-2])
    assert row is not None and found.oldest_us == row.time


async def test_what_cannot_be_scanned_is_blocked_and_said(stage: Stage) -> None:
    """As the gateway does it: too large for the limit of the draft, which may be another than that in force."""
    recorded(stage, {"text": "x" * 3_000}, text_of("short"))
    draft = (
        guardrail("accounts", more="parts: [arguments]") + "---\nkind: Governance\nname: default\nspec: {scan: {payload_bytes_max: 1024}}\n"
    )
    found = await backtest(stage, draft)
    assert found.faults == {"too_large": 1} and not found.faults_before and transitions(found) == {("allowed", "blocked"): 1}


async def test_detectors_of_a_draft_are_tried_too(stage: Stage) -> None:
    """A detector that is not in force yet, beside one that a policy asks to redact."""
    recorded(stage, {"who": "employee E-104233"}, text_of("ok"))
    draft = "kind: Detector\nname: employee-number\nspec: {pattern: '\\bE-\\d{6}\\b', examples: [E-104233]}\n---\n" + guardrail(
        "staff", detectors="custom/employee_number", action="redact"
    )
    found = await backtest(stage, draft)
    assert transitions(found) == {("allowed", "redacted"): 1} and found.found[0].shape == "*-######"
    await enforce(stage, CRM)
    policy = "kind: Policy\nname: no-accounts\nspec: {effect: redact, redact: [iban]}\n"
    recorded(stage, {}, text_of(IBAN))
    found = await backtest(stage, policy)
    assert transitions(found) == {("allowed", "redacted"): 1} and found.examples[0].now_by == "no-accounts"


CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: 'http://127.0.0.1:9/mcp', allow: {groups: [everyone]}}\n"
PIECES = (IBAN, CODED, "ghp_" + "a1B2" * 9, "4111 1111 1111 1111", "ann.smith@corp.example", "plain words", f'{{"account": "{IBAN}"}}')


async def test_a_backtest_agrees_with_the_gateways_own_look(stage: Stage) -> None:
    """Each payload once more by what the gateway uses, under guardrails of every action."""
    draft = "---\n".join(
        guardrail(name.replace("_", "-"), detectors=name, action=action)
        for name, action in (("iban", "block"), ("github_pat", "redact"), ("credit_card", "mask_last4"), ("email", "log"))
    )
    wanted: Counter[str] = Counter()
    drafted = await stage.backtests.draft(draft)
    guarding: Guarding = drafted.after.guarding
    for number in range(40):
        arguments, result = ({"text": stage.dice.choice(PIECES), "n": number}, text_of(" ".join(stage.dice.choices(PIECES, k=2))))
        recorded(stage, arguments, result)
        params = json.dumps({"name": "get_customer", "arguments": arguments}).encode()
        rules = tuple(rule for _, rule in guarding._guardrails)
        guards = Guards(arguments=rules, response=rules)
        effects = [guarding.look(params, "arguments", guards, {}).effect]
        if effects[0] != "blocked":
            effects.append(guarding.look(json.dumps(result).encode(), "response", guards, {}).effect)
        wanted["blocked" if "blocked" in effects else "redacted" if "redacted" in effects else "allowed"] += 1
    found = await backtest(stage, draft)
    assert transitions(found) == {("allowed", name): count for name, count in wanted.items() if name != "allowed"}
    assert len(wanted) > 1
    written = msgspec.json.encode(found).decode()
    assert not any(value in written for value in (IBAN, CODED, "ghp_a1B2", "4111", "ann.smith"))


async def test_reading_payloads_is_on_the_record(stage: Stage) -> None:
    """One record of a search with payloads, with the range in words, before anything is read."""
    await backtest(stage, guardrail("accounts"))
    reads = [one for one in await stage.reads() if one.get("payloads")]
    assert len(reads) == 1 and "method:(tools/call" in reads[0]["query"] and "time:>=" in reads[0]["query"]


async def test_it_ends_when_nobody_looks_and_another_has_to_wait(stage: Stage) -> None:
    """Its owner alone sees it; a second one is told to wait; without a look it ends."""
    for number in range(30):
        recorded(stage, {"n": number}, text_of(IBAN))
    await stage.settled()
    viewer = viewer_of(stage, ADMIN)
    hasty = Backtests(stage.room, stage.store, stage.backtests._make_vault, JobLimits(running_max=1, unwatched_s=-1.0))
    since_us, until_us = week()
    order = BacktestOrder(since_us=since_us, until_us=until_us)
    drafted = await hasty.draft(guardrail("accounts"))
    begun = await hasty.start(viewer, drafted, order)
    with pytest.raises(TooManyJobs, match="wait for one of them"):
        await hasty.start(viewer, drafted, order)
    assert hasty.find(viewer_of(stage, PEOPLE[0].id), begun.id) is None
    found = await finished(hasty, viewer, begun.id)
    assert found.state == "failed" and found.failure == "nobody looked at it for -1 s"
