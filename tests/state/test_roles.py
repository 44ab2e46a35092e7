"""Documents of kind Role: what they may say."""

import pytest

from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.roles import BUILT_IN, RoleSpec, roles_of


def role(name: str, spec: str) -> RoleSpec:
    """The spec of a document."""
    (document,) = parse_documents(f"kind: Role\nname: {name}\nspec: {spec}\n", "r.yaml")
    found: RoleSpec = document.spec
    return found


def test_a_document_of_a_built_in_role_changes_who_has_it_and_nothing_else() -> None:
    """Its grants stay; the groups of the document take the place of the default ones."""
    changed = roles_of({"auditor": role("auditor", "{groups: [audit], people: [ann], reason_required: true}")})["auditor"]
    assert (changed.groups, changed.people, changed.reason_required) == (("audit",), ("ann",), True)
    assert changed.grants == BUILT_IN["auditor"].grants
    assert set(roles_of({})) == set(BUILT_IN) and set(roles_of({"desk": RoleSpec()})) == {*BUILT_IN, "desk"}


@pytest.mark.parametrize(
    ("name", "spec", "text"),
    [
        ("auditor", "{grants: {arguments: all}}", "spec.grants: auditor is built in"),
        ("it_support", "{fields: {tool: all}}", "spec.fields: it_support is built in"),
        ("employee", "{groups: [x]}", "cannot be changed"),
        ("Big Role", "{grants: {metadata: all}}", "must be 1 to 63"),
        ("desk", "{}", "must show something"),
        ("desk", "{grants: {metadata: none}}", "must show something"),
        (
            "desk",
            "{grants: {arguments: all, metadata: own}}",
            "spec.grants.arguments: reaches all calls, of which the role shows no metadata",
        ),
        ("desk", "{fields: {person: all}}", "spec.fields.person: is no field of the group metadata"),
        ("desk", "{grants: {metadata: everyone}}", "invalid enum value 'everyone'"),
        ("desk", "{grants: {payloads: all}}", "payloads"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(name: str, spec: str, text: str) -> None:
    """One sentence that says what would be right."""
    with pytest.raises(DocumentError) as caught:
        role(name, spec)
    assert text in str(caught.value) and "r.yaml:" in str(caught.value)


def test_a_group_may_reach_as_far_as_single_fields_do() -> None:
    """As it_support does."""
    assert role("desk", "{fields: {connector: all}, grants: {failure: all}}").fields == {"connector": "all"}
