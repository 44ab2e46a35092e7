"""The algebra of roles."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.identity.roles import Shown, held_by, scope_of, union, within
from gatebook.query.groups import GROUPS, METADATA_FIELDS
from gatebook.state.roles import BUILT_IN, SCOPES, RoleSpec, Scope

SCOPE = st.sampled_from(SCOPES)
ROLES = st.builds(
    RoleSpec,
    grants=st.dictionaries(st.sampled_from(GROUPS), SCOPE),
    fields=st.dictionaries(st.sampled_from(METADATA_FIELDS), SCOPE),
    reason_required=st.booleans(),
)
SUBJECTS: dict[str, tuple[Scope, ...]] = {"own": ("own", "team", "all"), "below": ("team", "all"), "other": ("all",)}


def visible(role: RoleSpec, group: str, subject: str) -> bool:
    """Whether one role alone shows a group in the rows of somebody."""
    return role.grants.get(group, "none") in SUBJECTS[subject]  # type: ignore[call-overload]


@given(st.lists(ROLES, max_size=4), st.sampled_from(GROUPS), st.sampled_from(sorted(SUBJECTS)))
def test_several_roles_show_in_a_row_what_one_of_them_shows_there(roles: list[RoleSpec], group: str, subject: str) -> None:
    """Union row by row, never the product: no role widens another."""
    shown = union(roles).groups.get(group, "none")  # type: ignore[call-overload]
    assert (shown in SUBJECTS[subject]) is any(visible(role, group, subject) for role in roles)


@given(st.lists(ROLES, max_size=3))
def test_without_a_reason_payloads_of_others_need_a_role_that_asks_for_none(roles: list[RoleSpec]) -> None:
    """All else stays as it is."""
    with_reason, without = union(roles), union(roles, with_reason=False)
    asks_none = union(role for role in roles if not role.reason_required)
    for group in GROUPS:
        if group not in ("arguments", "responses"):
            assert without.groups.get(group) == with_reason.groups.get(group)
        elif without.groups.get(group, "none") in ("team", "all"):
            assert without.groups[group] == asks_none.groups[group]
    assert without.fields == with_reason.fields


@given(ROLES, ROLES)
def test_a_preview_shows_no_more_than_its_viewer_sees(role: RoleSpec, viewer: RoleSpec) -> None:
    """Only what the viewer sees of everybody, and of that what the role shows."""
    mine, found = union([viewer]), within(union([role]), union([viewer]))
    for group in GROUPS:
        assert found.groups.get(group, "none") == "none" or (mine.groups[group] == "all" and found.groups[group] == role.grants[group])
    for field in METADATA_FIELDS:
        assert scope_of(found, field) == "none" or scope_of(mine, field) == "all"


def test_who_has_which_role() -> None:
    """Everybody is an employee; groups are compared in any case of letters, as policies do it, people by id."""
    desk = RoleSpec(grants={"metadata": "own"}, groups=("desk",), people=("bob",))
    roles = {**BUILT_IN, "desk": desk}
    assert held_by("ann", (), roles) == ("employee",)
    assert held_by("ann", ("admins", "desk"), roles) == ("employee", "admin", "desk")
    assert held_by("bob", ("Admins",), roles) == ("employee", "admin", "desk")
    assert held_by("eve", ("DESK", "admin"), {**roles, "desk": replace(desk, groups=("Desk",))}) == ("employee", "desk")
    assert union([]) == Shown()
