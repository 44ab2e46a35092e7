"""Who may decide about calls that wait and about requests for access: administrators, the approvers of all policies, those of single ones."""

from collections.abc import Iterable

from gatebook.identity.directory import Principal
from gatebook.state.snapshot import Rules

ADMINS = "admins"
"""The group whose members read the whole book in the console, and may decide about everything but their own."""


def is_administrator(who: Principal) -> bool:
    """Whether somebody is in the group of administrators, or acts on the host itself: the permission of the socket's file is that of one."""
    return who.auth == "socket" or ADMINS in who.groups


def decides_about(who: Principal, rules: Rules, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the named policies about which somebody may decide. A name that is no policy is left to those who decide about all."""
    if is_administrator(who) or _is_named(who, rules.governance.approvers):
        return tuple(names)
    policies = rules.policies
    return tuple(name for name in names if name in policies and _is_named(who, policies[name].approvers))


def approvers_of(rules: Rules, name: str) -> tuple[str, ...]:
    """Return the groups and people who may decide about a policy, each once; administrators may beside them."""
    own = rules.policies[name].approvers if name in rules.policies else ()
    return tuple(dict.fromkeys((*own, *rules.governance.approvers)))


def _is_named(who: Principal, approvers: Iterable[str]) -> bool:
    own = {name.lower() for name in (who.person, who.email, *who.groups) if name}
    return any(name.lower() in own for name in approvers)
