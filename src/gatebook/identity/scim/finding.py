"""Searches: what of a filter SQL can answer narrows the rows, and the filter itself then decides about each of those.

So an answer is right whatever the narrowing leaves in; it may only never leave out what the filter takes. A test compares both on generated filters.
"""

from typing import Any, Final

from scim2_models import ScimFilter
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator, ValuePath
from sqlalchemy import ColumnElement, and_, or_, select

from gatebook.identity.scim.catalog import ENTERPRISE_SCHEMA, USER
from gatebook.identity.scim.users import comparable, exact
from gatebook.state.directory_schema import directory_groups, directory_keys
from gatebook.state.schema import people

_DEPTH_MAX: Final = 20
_BY_KEY: Final = frozenset({"emails", "displayname"})


def narrowed(kind: str, asked: ScimFilter[Any] | None) -> ColumnElement[bool] | None:
    """A condition that all rows meet that the filter takes; None where SQL cannot tell."""
    return None if asked is None else _condition(kind, asked.ast, 0)


def _condition(kind: str, node: Any, depth: int) -> ColumnElement[bool] | None:
    if depth > _DEPTH_MAX:
        return None
    if isinstance(node, Comparison):
        return _equal(kind, node)
    if isinstance(node, ValuePath) and kind == USER:
        return _entry(node)
    if not isinstance(node, LogicalExpr):
        return None
    terms = [_condition(kind, term, depth + 1) for term in node.terms]
    known = [term for term in terms if term is not None]
    if node.op == LogicalOperator.and_:
        return and_(*known) if known else None
    return or_(*known) if known and len(known) == len(terms) else None


def _equal(kind: str, node: Comparison) -> ColumnElement[bool] | None:
    path = node.attr_path
    if node.op != CompareOperator.eq or not isinstance(node.value, str) or (path.uri or "").lower() == ENTERPRISE_SCHEMA.lower():
        return None
    name, part = path.attr.lower(), (path.sub_attr or "value").lower()
    if path.sub_attr and name != "emails":
        return None
    return _user(name, node.value) if kind == USER and part == "value" else _group(name, node.value) if kind != USER else None


def _user(name: str, value: str) -> ColumnElement[bool] | None:
    if name == "id":
        return people.c.scim_id == value
    if name == "username":
        return people.c.user_name_key == comparable(value)
    if name == "externalid":
        return people.c.external_id == exact(value)
    return _has_key(name, value) if name in _BY_KEY else None


def _group(name: str, value: str) -> ColumnElement[bool] | None:
    if name == "id":
        return directory_groups.c.id == value
    if name == "displayname":
        return directory_groups.c.name_key == comparable(value)
    return directory_groups.c.external_id == exact(value) if name == "externalid" else None


def _entry(node: ValuePath) -> ColumnElement[bool] | None:
    """`emails[type eq "work" and value eq "…"]`, of which the value narrows."""
    inner = node.val_filter
    terms = inner.terms if isinstance(inner, LogicalExpr) and inner.op == LogicalOperator.and_ else (inner,)
    if node.attr_path.attr.lower() != "emails" or (node.attr_path.uri or "").lower() == ENTERPRISE_SCHEMA.lower():
        return None
    for term in terms:
        if (
            isinstance(term, Comparison)
            and term.op == CompareOperator.eq
            and isinstance(term.value, str)
            and term.attr_path.attr.lower() == "value"
        ):
            return _has_key("emails", term.value)
    return None


def _has_key(name: str, value: str) -> ColumnElement[bool]:
    keys = directory_keys.c
    return people.c.id.in_(select(keys.person).where((keys.attribute == name) & (keys.value == comparable(value))))
