"""Who may use which connector and which of its tools: default deny, deny before allow.

Order of evaluation, which is also the order of `Decision.matched`: grants of the connector to the person (people, then groups),
denied tools, allowed tools. The first that refuses decides.
"""

from msgspec import Struct

from gatebook.policy.globs import matches
from gatebook.record.parts import Decision

EVERYONE = "everyone"
DEFAULT_DENY = "default-deny"
GATEWAY = "gateway"


class AccessRules(Struct, frozen=True, kw_only=True):
    """The access part of one connector. Patterns of tools know `*` (any text) and `?` (one character); case matters."""

    connector: str
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tools_allow: tuple[str, ...] = ("*",)
    tools_deny: tuple[str, ...] = ()


class AccessRequest(Struct, frozen=True, kw_only=True):
    """What is asked: this person, with this method. `tool` only for tools/call, as the connector names it."""

    person: str
    email: str
    groups: tuple[str, ...]
    tool: str | None = None


def decide(request: AccessRequest, rules: AccessRules | None, bundle: str) -> Decision:
    """Decide one request. `rules` is None for what the gateway answers itself, such as initialize on the aggregate; that is allowed.

    `bundle` is the hash of the configuration in force, 16 hex characters.
    """
    if rules is None:
        return Decision(effect="allowed", rule=GATEWAY, bundle=bundle)
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


def granted(person: str, email: str, groups: tuple[str, ...], rules: AccessRules) -> bool:
    """Whether the person may use the connector at all: whether it is in the aggregate, and its own endpoint answers."""
    return bool(_grants(AccessRequest(person=person, email=email, groups=groups), rules))


def visible(tool: str, rules: AccessRules) -> bool:
    """Whether a tool of a connector that is granted is listed. True exactly when `decide` would allow its call."""
    return not any(matches(pattern, tool) for pattern in rules.tools_deny) and any(matches(pattern, tool) for pattern in rules.tools_allow)


def _grants(request: AccessRequest, rules: AccessRules) -> tuple[str, ...]:
    people = [name for name in rules.people if name in (request.person, request.email)]
    groups = [name for name in rules.groups if name == EVERYONE or name in request.groups]
    prefix = f"connector/{rules.connector}:allow."
    return tuple(f"{prefix}people[{name}]" for name in people) + tuple(f"{prefix}groups[{name}]" for name in groups)


def _matching(rules: AccessRules, kind: str, patterns: tuple[str, ...], tool: str) -> tuple[str, ...]:
    return tuple(f"connector/{rules.connector}:tools.{kind}[{pattern}]" for pattern in patterns if matches(pattern, tool))


def _blocked(rule: str, bundle: str, matched: tuple[str, ...], reason: str) -> Decision:
    return Decision(effect="blocked", rule=rule, bundle=bundle, matched=matched, reason=reason)
