"""Roles as people call them. Their identifiers are for resources, the API and the command line."""

from collections.abc import Iterable
from typing import Final

from gatebook.state.roles import EMPLOYEE

_SPOKEN: Final = {
    EMPLOYEE: "employee",
    "it_support": "IT support",
    "team_lead": "team lead",
    "security_analyst": "security analyst",
    "auditor": "auditor",
    "admin": "administrator",
}


def role_name(role: str) -> str:
    """A role in a sentence; one of the company's own is called what the company calls it."""
    return _SPOKEN.get(role, role)


def role_title(role: str) -> str:
    """A role by itself."""
    return _upper(role_name(role)) if role in _SPOKEN else role


def role_list(roles: Iterable[str]) -> str:
    """Several roles by themselves, such as "Security analyst, auditor"; employee, which everybody is, only where there is no other. Empty for none."""
    known = list(roles)
    told = [role for role in known if role != EMPLOYEE] or known
    return ", ".join(role_title(role) if at == 0 else role_name(role) for at, role in enumerate(told))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
