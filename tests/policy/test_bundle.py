"""Whole bundles: what decides, in which order, and that the index changes nothing."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy import access
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.problems import BundleError
from gatebook.policy.request import Request
from gatebook.policy.rules import Grant, Rule
from gatebook.policy.selectors import Selector, ToolPack
from tests.policy import cast, naive, plain_access
from tests.policy.cast import ENGINE, HASH, NOON_US, asking, bundle


def counts(rule: str, key: tuple[str, ...]) -> bool:
    """A counter that is above the limit for some keys."""
    return (len(rule) + sum(map(len, key))) % 2 == 0


@given(sources=cast.sources, request=cast.requests)
@settings(max_examples=250)
def test_the_index_says_what_looking_at_every_rule_says(sources: Sources, request: Request) -> None:
    """Effect, matched rules and failed rules are those of a second, plain implementation."""
    decision = Bundle.compile(sources, ENGINE).decide(request, counts)
    effect, matched, failed = naive.decide(sources, request, ENGINE, counts)
    ids = {rule.id for rule in sources.rules}
    assert (decision.effect, set(decision.matched) & ids, set(decision.errors)) == (effect, matched, failed)


@given(sources=cast.sources, request=cast.requests, data=st.data())
@settings(max_examples=120)
def test_the_order_of_rules_does_not_matter(sources: Sources, request: Request, data: st.DataObject) -> None:
    """Shuffled rules, packs and grants give the same decision, with all its ids."""
    shuffled = replace(
        sources,
        rules=tuple(data.draw(st.permutations(sources.rules))),
        packs=tuple(data.draw(st.permutations(sources.packs))),
        grants=tuple(data.draw(st.permutations(sources.grants))),
    )
    first, second = (Bundle.compile(one, ENGINE).decide(request, counts) for one in (sources, shuffled))
    assert (first.effect, first.rule, first.reason, set(first.matched)) == (second.effect, second.rule, second.reason, set(second.matched))


@given(sources=cast.sources, rule=cast.rules(effects=("deny",)), request=cast.requests)
@settings(max_examples=150)
def test_a_further_deny_rule_never_lets_more_through(sources: Sources, rule: Rule, request: Request) -> None:
    """What was blocked stays blocked, and what was not either stays as it was or is blocked."""
    more = replace(sources, rules=(*sources.rules, replace(rule, id="extra")))
    before, after = (Bundle.compile(one, ENGINE).decide(request, counts).effect for one in (sources, more))
    assert after in (before, "blocked")


@given(sources=cast.sources, request=cast.requests)
@settings(max_examples=250)
def test_what_may_be_called_is_listed(sources: Sources, request: Request) -> None:
    """A tool is never hidden whose call is allowed, redacted or waits for approval."""
    compiled = Bundle.compile(sources, ENGINE)
    if request.tool is not None and compiled.decide(request, counts).effect != "blocked":
        assert compiled.visible(request)


@given(sources=cast.sources, request=cast.requests)
@settings(max_examples=250)
def test_without_conditions_a_tool_is_listed_exactly_when_it_may_be_called(sources: Sources, request: Request) -> None:
    """Where nothing depends on arguments, hours, networks or counts, the list and the call agree."""
    fixed = tuple(
        replace(rule, when=None, limit=None, selector=replace(rule.selector, times=(), networks=(), not_networks=()))
        for rule in sources.rules
    )
    compiled = Bundle.compile(replace(sources, rules=fixed), ENGINE)
    if request.tool is not None:
        assert compiled.visible(request) == (compiled.decide(request).effect != "blocked")


@given(sources=cast.sources, request=cast.requests)
@settings(max_examples=120)
def test_candidates_serve_every_request_with_their_key(sources: Sources, request: Request) -> None:
    """A cache by `Request.key` gives the decision of an uncached bundle, also after other requests have used it."""
    compiled = Bundle.compile(sources, ENGINE)
    other = replace(request, arguments=b'{"limit":99,"q":"x"}', time_us=NOON_US, source_ip="10.1.2.3", approvals=frozenset({"r1"}))
    assert other.key == request.key
    cached = compiled.candidates(other)
    cached.decide(other, counts)
    cached.decide(request, counts)
    assert cached.decide(request, counts) == Bundle.compile(sources, ENGINE).decide(request, counts)


@given(rules=st.lists(cast.accesses, min_size=1, max_size=1), request=cast.requests)
@settings(max_examples=120)
def test_without_policies_access_rules_decide_as_they_always_did(rules: list[tuple[access.AccessRules, ...]], request: Request) -> None:
    """A bundle of access rules alone gives the decision of a second, plain implementation, to the last id and sentence."""
    person, email, groups = request.person.lower(), request.email.lower(), tuple(group.lower() for group in request.groups)
    request = replace(request, person=person, email=email, groups=groups, connector="crm")
    own = access.AccessRules(connector="crm") if not rules[0] else rules[0][0]
    old = plain_access.decide(plain_access.AccessRequest(person=person, email=email, groups=groups, tool=request.tool), own, HASH)
    assert Bundle.compile(Sources(access=(own,), hash=HASH)).decide(request) == old


def test_a_rule_about_arguments_hides_no_tool() -> None:
    """The list is answered without arguments, so a deny or allow rule that needs them leaves the tool in it."""
    strict = bundle(
        Rule(id="small", effect="allow", when="args.limit <= 10"), Rule(id="big", effect="deny", when="args.limit > 100"), default="deny"
    )
    assert strict.visible(asking())
    assert strict.decide(asking(args={"limit": 5})).rule == "small"
    assert strict.decide(asking(args={"limit": 500})).rule == "big"
    assert strict.decide(asking(args={})).effect == "blocked"


def test_a_missing_claim_empties_no_list() -> None:
    """A person without groups or e-mail address matches no rule about groups, and keeps all else."""
    mine = bundle(Rule(id="hr", effect="deny", selector=Selector(groups=("hr",), tools=("delete",))))
    stranger = asking(groups=(), email="", client="")
    assert mine.visible(stranger) and mine.decide(stranger).effect == "allowed"
    assert mine.decide(replace(stranger, tool="delete")).effect == "allowed"


def test_a_bundle_of_deny_rules_denies_nothing_else() -> None:
    """What applies when nothing matches is written down, never derived from the effects that there are."""
    rule = Rule(id="no-delete", effect="deny", selector=Selector(tools=("delete",)))
    assert bundle(rule).decide(asking("list")).rule == "connector/crm:allow.groups[everyone]"
    assert bundle(rule).decide(asking("delete")).rule == "no-delete"
    assert bundle(rule, default="deny").decide(asking("list")).rule == "default-deny"


def test_what_the_list_hides_the_call_refuses() -> None:
    """A tool that is filtered out of the list cannot be called by somebody who knows its name."""
    mine = bundle(Rule(id="no-delete", effect="deny", selector=Selector(tools=("delete",), not_groups=("admins",))))
    for request in (asking("delete"), asking("delete", args={"x": 1}), asking("delete", groups=("ADMINS",))):
        assert mine.visible(request) == (mine.decide(request).effect == "allowed")
    assert not mine.visible(asking("delete"))


def test_deny_wins_over_approval_over_redaction_over_allowing() -> None:
    """The strongest effect decides, and every rule that matched is named."""
    stack = [
        Rule(id=effect, effect=effect, redact=("pii/*",) if effect == "redact" else ())
        for effect in ("allow", "redact", "require_approval", "deny")
    ]
    wanted = [("allowed", "allow"), ("redacted", "redact"), ("pending", "require_approval"), ("blocked", "deny")]
    for size, (effect, deciding) in enumerate(wanted, start=1):
        for order in permutations(stack[:size]):
            decision = bundle(*order).decide(asking())
            assert (decision.effect, decision.rule) == (effect, deciding)
            assert {rule.id for rule in order} < set(decision.matched)


def test_what_only_watches_changes_nothing_and_is_named() -> None:
    """Observed rules and alerts are among the matched ones, and apart in `observed`."""
    decision = bundle(Rule(id="try", effect="deny", mode="observe"), Rule(id="look", effect="alert_only")).decide(asking())
    assert decision.effect == "allowed"
    assert decision.observed == ("try", "look")
    assert decision.matched[-2:] == ("try", "look")
    assert bundle(Rule(id="try", effect="allow", mode="observe"), default="deny").decide(asking()).effect == "blocked"


@pytest.mark.parametrize(
    ("effect", "expected"), [("deny", "blocked"), ("require_approval", "pending"), ("redact", "redacted"), ("allow", "allowed")]
)
def test_a_condition_that_fails_fails_closed(effect: str, expected: str) -> None:
    """What restricts counts as matched, what allows as not matched; the id is in `errors` either way."""
    rule = Rule(id="r", effect=effect, when="args.limit > 10", redact=("pii/*",) if effect == "redact" else ())
    decision = bundle(rule).decide(asking(args={"limit": "many"}))
    assert (decision.effect, decision.errors) == (expected, ("r",))
    assert ("r" in decision.matched) == (effect != "allow")
    strict = bundle(rule, default="deny").decide(asking(args={"limit": "many"}))
    assert strict.effect == ("pending" if effect == "require_approval" else "blocked")


def test_an_approval_is_for_the_rule_that_asked() -> None:
    """Each rule that asks for an approval needs its own; all approved, the call is allowed by them."""
    mine = bundle(Rule(id="a", effect="require_approval"), Rule(id="b", effect="require_approval"), default="deny")
    assert mine.decide(asking()).rule == "a"
    assert mine.decide(asking(approvals=frozenset({"a"}))).rule == "b"
    decision = mine.decide(asking(approvals=frozenset({"a", "b"})))
    assert (decision.effect, decision.rule) == ("allowed", "a")


def test_a_temporary_grant_lifts_what_it_names_until_it_ends() -> None:
    """It stands in for a missing grant or allow rule and for the deny rules it names, not for others, nor for the connector's own."""
    grant = Grant(id="g", person="Ana@corp.example", connector="crm", tool="delete", until_us=NOON_US + 1, except_rules=("no-delete",))
    rule = Rule(id="no-delete", effect="deny", selector=Selector(tools=("delete",)))
    mine = bundle(rule, default="deny", access=(), grants=(grant,))
    assert (mine.decide(asking("delete")).effect, mine.decide(asking("delete")).rule) == ("allowed", "grant/g")
    assert mine.visible(asking("delete"))
    late = asking("delete", time_us=NOON_US + 1)
    assert mine.decide(late).effect == "blocked" and not mine.visible(late)
    assert mine.decide(asking("list")).effect == "blocked"
    other = bundle(rule, Rule(id="freeze", effect="deny"), grants=(grant,))
    assert other.decide(asking("delete")).rule == "freeze"
    hard = bundle(access=(access.AccessRules(connector="crm", groups=("everyone",), tools_deny=("delete",)),), grants=(grant,))
    assert hard.decide(asking("delete")).rule == "connector/crm:tools.deny[delete]"


def test_a_pack_grants_its_tools_and_a_way_in_and_nothing_else() -> None:
    """Whom only a pack names may open a session and call its tools, not read what else the connector has."""
    pack = ToolPack(name="readers", tools={"c*": ("get_*",)}, groups=("Sales",))
    mine = bundle(access=(), packs=(pack,))
    assert mine.decide(asking("get_a")).rule == "pack/readers:groups[Sales]"
    assert mine.decide(asking("delete")).effect == "blocked"
    assert mine.decide(asking(None, connect=True)).effect == "allowed"
    assert mine.decide(asking(None)).effect == "blocked"


def test_rules_about_arguments_do_not_keep_anybody_from_connecting() -> None:
    """Opening a session has no arguments, so a condition on them is not asked; a rule that denies the whole connector is."""
    mine = bundle(Rule(id="big", effect="deny", when="args.limit > 10"), Rule(id="ask", effect="require_approval"))
    assert mine.decide(asking(None, connect=True)).effect == "allowed"
    assert bundle(default="deny").decide(asking(None, connect=True)).effect == "allowed"
    closed = bundle(Rule(id="closed", effect="deny", selector=Selector(connectors=("crm",))))
    assert closed.decide(asking(None, connect=True)).rule == "closed"


def test_a_bundle_with_faults_is_refused_with_all_of_them() -> None:
    """Every fault is named with its rule, its path and, in a condition, its column."""
    with pytest.raises(BundleError) as caught:
        bundle(
            Rule(id="a", effect="deny", when="args.limit >"),
            Rule(id="b", effect="redact"),
            Rule(id="b", effect="allow", selector=Selector(networks=("10.0.0.1/8",), packs=("none",))),
            Rule(id="c", effect="deny", when="args.flag"),
        )
    found = {(problem.rule, problem.path, problem.column) for problem in caught.value.problems}
    assert found == {
        ("a", "when", 13), ("b", "redact", None), ("b", "id", None), ("b", "selector.networks[0]", None), ("b", "selector.packs[0]", None),
        ("c", "when", None),
    }  # fmt: skip


def test_redactions_and_approvers_are_those_of_the_rules_that_matched() -> None:
    """Patterns of detectors are joined in the order of evaluation; an observed redaction redacts nothing."""
    mine = bundle(
        Rule(id="a", effect="redact", redact=("pii/*", "secret/*")),
        Rule(id="b", effect="redact", redact=("pii/*", "label/*")),
        Rule(id="c", effect="redact", redact=("other",), mode="observe"),
        Rule(id="d", effect="deny", approvers=("leads",), selector=Selector(tools=("delete",))),
    )
    assert mine.redactions(mine.decide(asking())) == ("pii/*", "secret/*", "label/*")
    assert (mine.approvers("d"), mine.approvers("default-deny")) == (("leads",), ())
