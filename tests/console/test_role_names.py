"""Roles as people call them."""

from gatebook.console.role_names import role_list, role_name, role_title
from gatebook.state.roles import BUILT_IN


def test_every_role_that_is_built_in_has_a_name_without_underlines() -> None:
    """Identifiers are for resources."""
    assert all("_" not in role_name(role) for role in BUILT_IN)
    assert role_title("it_support") == "IT support"


def test_roles_of_the_company_keep_their_names() -> None:
    """Also when they look like ours."""
    assert role_title("fraud-desk") == role_name("fraud-desk") == "fraud-desk"


def test_a_list_begins_with_a_capital_and_leaves_out_what_everybody_is() -> None:
    """Unless it is all that somebody is."""
    assert role_list(["employee", "security_analyst", "auditor"]) == "Security analyst, auditor"
    assert role_list(["employee"]) == "Employee"
    assert role_list([]) == ""
