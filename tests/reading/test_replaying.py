"""A replay over the book says the same as deciding each call by itself."""

import json
import time
from collections import Counter
from typing import Any

import pytest

from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.request import Request
from gatebook.policy.rules import Rule
from gatebook.policy.selectors import Selector
from gatebook.reading import replaying
from gatebook.reading.replaying import Drafted, replay
from tests.console.stage import Stage

FAR_US = 1 << 52


def sources(stage: Stage, *rules: Rule) -> Sources:
    """Everybody may use every connector of the stage, and these rules."""
    assert stage.index is not None
    names = [row["connector"] for row in stage.index.ask(f"SELECT DISTINCT connector FROM {stage.index.database}.calls", {})]
    return Sources(access=tuple(AccessRules(connector=name, groups=("everyone",)) for name in names if name), rules=rules, hash="0" * 16)


def every_call(stage: Stage) -> list[dict[str, Any]]:
    """Read all calls of tools, one by one, beside what the replay does."""
    assert stage.index is not None
    columns = "toString(call_id) AS id, person, email, groups, actor_kind, client, connector, tool, ip, toUnixTimestamp64Micro(time) AS at, arguments"
    return stage.index.ask(
        f"SELECT {columns} FROM {stage.index.database}.payloads WHERE method = 'tools/call' AND tool != '' AND connector != ''", {}
    )


def expected(stage: Stage, drafted: Drafted) -> Counter[tuple[str, str]]:
    """Decide each call by itself, without any grouping."""
    old, new = Bundle.compile(drafted.before), Bundle.compile(drafted.after)
    changed: Counter[tuple[str, str]] = Counter()
    for row in every_call(stage):
        request = Request(
            connector=row["connector"],
            tool=row["tool"],
            person=row["person"],
            email=row["email"],
            groups=tuple(row["groups"]),
            client=row["client"],
            source_ip=row["ip"],
            time_us=int(row["at"]),
            arguments=row["arguments"].encode() or None,
        )
        was, now = old.decide(request).effect, new.decide(request).effect
        if was != now:
            changed[was, now] += 1
    return changed


RULES = {
    "by tool": Rule(id="r", effect="deny", selector=Selector(tools=("*search*", "list_*"))),
    "by arguments": Rule(id="r", effect="deny", when="args.?limit.orValue(0) > 10 || has(args.query)"),
    "by group": Rule(id="r", effect="require_approval", selector=Selector(groups=("engineering", "sales"))),
    "by network": Rule(id="r", effect="deny", selector=Selector(networks=("10.0.0.0/9",))),
    "all": Rule(id="r", effect="deny"),
}


@pytest.mark.parametrize("name", RULES)
async def test_a_replay_agrees_with_deciding_each_call(stage: Stage, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether calls are decided in groups or one by one, in one piece or in many."""
    monkeypatch.setattr(replaying, "_AT_ONCE", 20)
    assert stage.index is not None
    drafted = Drafted(before=sources(stage), after=sources(stage, RULES[name]), hints={})
    shares: list[float] = []
    until_us = time.time_ns() // 1000 + 1_000_000
    found = replay(stage.index, drafted, until_us - 30 * 86_400_000_000, until_us, shares.append)
    wanted = expected(stage, drafted)
    assert {(one.was, one.now): one.count for one in found.transitions} == dict(wanted)
    assert found.calls == len(every_call(stage)) and found.changed == wanted.total() and found.undecided == 0
    assert sum(one.count for one in found.by_person) == found.changed == sum(one.count for one in found.by_tool)
    assert shares == sorted(shares) and shares[-1] <= 1.0
    assert name != "all" or (found.changed == found.calls > 50 and found.by_rule[0].value == "r" and found.by_rule[0].query == "")


async def test_a_draft_that_changes_nothing_changes_nothing(stage: Stage) -> None:
    """The same policies twice; and a range without calls is an answer, not an error."""
    assert stage.index is not None
    same = Drafted(before=sources(stage, RULES["by tool"]), after=sources(stage, RULES["by tool"]), hints={})
    assert replay(stage.index, same, 0, FAR_US).changed == 0
    nothing = replay(stage.index, same, 0, 1_000_000)
    assert (nothing.calls, nothing.changed, nothing.examples) == (0, 0, [])
    json.dumps(nothing.took_s)
