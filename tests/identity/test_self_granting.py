"""Which changes let somebody see more."""

from gatebook.identity.self_granting import gained, roles_held
from gatebook.state.roles import RoleSpec
from gatebook.state.snapshot import Person


def test_more_is_told_by_group_of_fields() -> None:
    """A group of people that brings a role, a document that binds one; less, or as much, is nothing."""
    assert gained("nora", (("admins",), {}), (("admins", "security"), {})) == (
        "identity", "policy", "evidence", "arguments", "responses", "upstream",
    )  # fmt: skip
    assert gained("nora", (("admins", "security"), {}), (("admins",), {})) == ()
    bound = {"auditor": RoleSpec(people=("nora",))}
    assert gained("nora", (("admins",), {}), (("admins",), bound)) == ("identity", "policy", "evidence")
    assert gained("ann", ((), {}), ((), bound)) == ()
    assert roles_held(Person(id="nora", groups=("admins",)), bound) == ("employee", "auditor", "admin")
