"""Who may decide about calls that wait and about requests for access: administrators, the approvers of all policies, those of single ones."""

from collections.abc import Iterable

from gatebook.identity.directory import Principal
from gatebook.state.snapshot import Rules

ADMINS = "admins"
"""The group whose members read the whole book in the console, and may decide about everything but their own."""


NOT_BY_TOKEN = (
    "an access token decides nothing, whoever owns it: an AI app could use it; sign in to the console, or use `gatebook` on the host"
)


def in_person(who: Principal) -> bool:
    """Whether somebody acts themselves, in the console or on the host, and no program that holds an access token of theirs."""
    return who.auth in ("session", "socket")


def is_administrator(who: Principal) -> bool:
    """Whether somebody may act as an administrator: one who is here in person."""
    return in_person(who) and _administers(who)


def decides_about(who: Principal, rules: Rules, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the named policies about which somebody may decide, in person. A name that is no policy is left to those who decide about all."""
    if _administers(who) or _is_named(who, rules.governance.approvers):
        return tuple(names)
    policies = rules.policies
    return tuple(name for name in names if name in policies and _is_named(who, policies[name].approvers))


def is_named_for(who: Principal, rules: Rules, name: str) -> bool:
    """Whether somebody is named as an approver of a policy, beside administrators, who may decide about everything but are named for nothing."""
    own = rules.policies[name].approvers if name in rules.policies else ()
    return _is_named(who, (*own, *rules.governance.approvers))


def approvers_of(rules: Rules, name: str) -> tuple[str, ...]:
    """Return the groups and people who may decide about a policy, each once; administrators may beside them."""
    own = rules.policies[name].approvers if name in rules.policies else ()
    return tuple(dict.fromkeys((*own, *rules.governance.approvers)))


def in_admins(groups: Iterable[str]) -> bool:
    """Whether these groups make somebody an administrator; a directory may write the name in other letters."""
    return any(group.lower() == ADMINS for group in groups)


def _administers(who: Principal) -> bool:
    # The permission of the socket's file is that of an administrator.
    return who.auth == "socket" or in_admins(who.groups)


def _is_named(who: Principal, approvers: Iterable[str]) -> bool:
    own = {name.lower() for name in (who.person, who.email, *who.groups) if name}
    return any(name.lower() in own for name in approvers)
