"""The meaning of a bundle, written a second time: every rule is looked at, in any order, without index, cache or shared code of matching."""

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from gatebook.policy.bundle import Sources
from gatebook.policy.conditions import WEEKDAYS
from gatebook.policy.engine import ConditionFailed, Engine
from gatebook.policy.request import Counts, Request
from gatebook.policy.rules import Rule
from gatebook.policy.selectors import Selector, ToolPack
from tests.policy.strict_json import strict_object


def decide(sources: Sources, request: Request, engine: Engine, counts: Counts) -> tuple[str, set[str], set[str]]:
    """Return the effect, the ids of rules that matched, and the ids of those that failed."""
    access = next((one for one in sources.access if one.connector == request.connector), None)
    ids = {request.person.lower(), request.email.lower()} - {""}
    groups = {group.lower() for group in request.groups}
    named = access is not None and bool(
        ids & {one.lower() for one in access.people} or (groups | {"everyone"}) & {one.lower() for one in access.groups}
    )
    live = [
        grant
        for grant in sources.grants
        if grant.person.lower() in ids
        and (grant.connector, grant.tool) == (request.connector, request.tool)
        and request.time_us < grant.until_us
    ]
    if request.tool is None:
        granted = named
    else:
        granted = named and any(fnmatchcase(request.tool, one) for one in access.tools_allow)
        granted = granted or any(_pack_grants(pack, request, ids, groups) for pack in sources.packs)
        if (granted or live) and access is not None and any(fnmatchcase(request.tool, one) for one in access.tools_deny):
            return "blocked", set(), set()
    if not granted and not live:
        return "blocked", set(), set()
    matched, failed, hits = set(), set(), []
    for rule in sources.rules:
        hit, failure = _match(rule, sources, request, engine, counts)
        if failure:
            failed.add(rule.id)
        if hit:
            matched.add(rule.id)
            if rule.mode == "enforce" and rule.effect != "alert_only":
                hits.append(rule)
    return _effect(sources, request, hits, failed, live), matched, failed


def _effect(sources: Sources, request: Request, hits: list[Rule], failed: set[str], live: list[Any]) -> str:
    lifted = {name for grant in live for name in grant.except_rules}
    effects = {rule.effect for rule in hits}
    if any(rule.effect == "deny" and rule.id not in lifted for rule in hits):
        return "blocked"
    if any(rule.effect == "require_approval" and rule.id not in request.approvals for rule in hits):
        return "pending"
    allows = sources.default == "allow" or live or "allow" in effects or "require_approval" in effects
    allows = allows or any(rule.effect == "redact" and rule.id not in failed for rule in hits)
    if not allows:
        return "blocked"
    return "redacted" if "redact" in effects else "allowed"


def _match(rule: Rule, sources: Sources, request: Request, engine: Engine, counts: Counts) -> tuple[bool, bool]:
    if request.tool is None and rule.when is not None and "args" in rule.when:
        return False, False
    if not selects(rule.selector, sources.packs, request):
        return False, False
    failed = False
    address = None
    if rule.selector.networks or rule.selector.not_networks:
        try:
            address = ip_address(request.source_ip.removeprefix("::ffff:"))
        except ValueError:
            failed = True
    if not _at(rule.selector, request):
        return False, False
    if address is not None:
        inside = [address in ip_network(one) for one in rule.selector.networks]
        if (inside and not any(inside)) or any(address in ip_network(one) for one in rule.selector.not_networks):
            return False, False
    if rule.when is not None:
        try:
            if not engine.compile(rule.when).run(_all_facts(request, "args" in rule.when)):
                return False, failed
        except ConditionFailed:
            failed = True
    if failed and rule.effect == "allow":
        return False, True
    if rule.limit is not None:
        own = {group.lower() for group in request.groups}
        keys = (own & {one.lower() for one in rule.selector.groups}) or own or {""}
        if not any(counts(rule.id, (key, request.tool or "")) for key in keys):
            return False, failed
    return True, failed


def _all_facts(request: Request, with_arguments: bool) -> dict[str, Any]:
    """All variables and all arguments, whatever the expression reads."""
    moment = datetime.fromtimestamp(request.time_us / 1_000_000, UTC)
    facts: dict[str, Any] = {name: getattr(request, name) for name in ("person", "email", "client", "connector", "source_ip")}
    facts |= {"tool": request.tool or "", "groups": list(request.groups), "hour": moment.hour, "weekday": WEEKDAYS[moment.weekday()]}
    if with_arguments:
        try:
            facts["args"] = strict_object(request.arguments)
        except ValueError:
            raise ConditionFailed("bad arguments") from None
    return facts


def selects(selector: Selector, packs: tuple[ToolPack, ...], request: Request) -> bool:
    """Whether who, client, connector and tool of a request are selected."""
    ids = {request.person.lower(), request.email.lower()} - {""}
    groups = {group.lower() for group in request.groups}
    every = {"*", "everyone"}
    lists = [selector.people, selector.groups, selector.service_accounts]
    who = [bool(ids & _low(selector.people) or every & _low(selector.people)), bool((groups | every) & _low(selector.groups))]
    who.append(request.kind == "service" and bool((ids | {"*"}) & _low(selector.service_accounts)))
    if any(lists) and not any(who):
        return False
    if (ids | every) & _low(selector.not_people) or (groups | every) & _low(selector.not_groups):
        return False
    if not _fits(_low(selector.clients), request.client.lower()) or not _fits(set(selector.connectors), request.connector):
        return False
    named = {name: getattr(selector.hints, name) for name in selector.hints.__struct_fields__ if getattr(selector.hints, name) is not None}
    if request.tool is None:
        return not (selector.tools or selector.packs or named)
    own = [pack for pack in packs if pack.name in selector.packs]
    if not _fits(set(selector.tools), request.tool) or (own and not any(_in_pack(pack, request) for pack in own)):
        return False
    read_only, destructive, idempotent, open_world = request.hints.taken()
    taken = {"read_only": read_only, "destructive": destructive, "idempotent": idempotent, "open_world": open_world}
    return named.items() <= taken.items()


def _at(selector: Selector, request: Request) -> bool:
    """Whether an hour is selected; the world of the tests has windows in UTC at full hours only."""
    moment = datetime.fromtimestamp(request.time_us / 1_000_000, UTC)
    hits = []
    for window in selector.times:
        begin, end = int(window.from_[:2]), int(window.to[:2])
        hours = [(begin + n) for n in range((end - begin) % 24 or 24)]
        days = [WEEKDAYS.index(day) for day in window.days] or list(range(7))
        hits.append(any((day * 24 + hour) % 168 == moment.weekday() * 24 + moment.hour for day in days for hour in hours))
    return not hits or any(hits)


def _fits(patterns: set[str], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _in_pack(pack: ToolPack, request: Request) -> bool:
    return any(
        fnmatchcase(request.connector, key) and any(fnmatchcase(request.tool or "", one) for one in pack.tools[key]) for key in pack.tools
    )


def _pack_grants(pack: ToolPack, request: Request, ids: set[str], groups: set[str]) -> bool:
    return _in_pack(pack, request) and bool(ids & _low(pack.people) or groups & _low(pack.groups))


def _low(names: tuple[str, ...]) -> set[str]:
    return {name.lower() for name in names}
