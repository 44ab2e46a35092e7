"""What access rules alone decide, said once more and plainly: connector by connector, without an index, policies or tool packs.

Order of evaluation, which is also the order of `Decision.matched`: grants of the connector to the person (people, then groups),
denied tools, allowed tools. The first that refuses decides.
"""

from msgspec import Struct

from gatebook.policy.access import DEFAULT_DENY, EVERYONE, AccessRules
from gatebook.policy.globs import matches
from gatebook.record.parts import Decision


class AccessRequest(Struct, frozen=True, kw_only=True):
    """What is asked: this person, with this method. `tool` only for tools/call, as the connector names it."""

    person: str
    email: str
    groups: tuple[str, ...]
    tool: str | None = None


def decide(request: AccessRequest, rules: AccessRules, bundle: str) -> Decision:
    """Decide one request. `bundle` is the hash of the configuration in force, 16 hex characters."""
    grants = _grants(request, rules)
    if not grants:
        return _blocked(DEFAULT_DENY, bundle, (), f"You have no access to the connector {rules.connector}.")
    if request.tool is None:
        return Decision(effect="allowed", rule=grants[0], bundle=bundle, matched=grants)
    denied = _matching(rules, "deny", rules.tools_deny, request.tool)
    if denied:
        return _blocked(denied[0], bundle, grants + denied, f"The tool {request.tool} of the connector {rules.connector} is denied.")
    allowed = _matching(rules, "allow", rules.tools_allow, request.tool)
    if not allowed:
        return _blocked(DEFAULT_DENY, bundle, grants, f"The tool {request.tool} of the connector {rules.connector} is not allowed.")
    return Decision(effect="allowed", rule=grants[0], bundle=bundle, matched=grants + allowed)


def _grants(request: AccessRequest, rules: AccessRules) -> tuple[str, ...]:
    people = [name for name in rules.people if name in (request.person, request.email)]
    groups = [name for name in rules.groups if name == EVERYONE or name in request.groups]
    prefix = f"connector/{rules.connector}:allow."
    return tuple(f"{prefix}people[{name}]" for name in people) + tuple(f"{prefix}groups[{name}]" for name in groups)


def _matching(rules: AccessRules, kind: str, patterns: tuple[str, ...], tool: str) -> tuple[str, ...]:
    return tuple(f"connector/{rules.connector}:tools.{kind}[{pattern}]" for pattern in patterns if matches(pattern, tool))


def _blocked(rule: str, bundle: str, matched: tuple[str, ...], reason: str) -> Decision:
    return Decision(effect="blocked", rule=rule, bundle=bundle, matched=matched, reason=reason)
