"""What Okta and Entra send: one test for each row of the table in docs/directory.md, asked of the whole service provider."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scim2_models import InvalidSyntaxException

from gatebook.identity.scim import shapes
from gatebook.identity.scim.catalog import BODY_BYTES_MAX
from tests.identity.scim.conftest import BASE_URL, GROUP_SCHEMA, PATCH_SCHEMA, USER_SCHEMA, Provisioner

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["op", "path", "value", "Operations", "manager", "x"]), inner)
    ),
    max_leaves=12,
)


def test_entra_deactivates_with_a_string_and_a_capital_op(directory: Provisioner) -> None:
    """`Replace` of `active` with the string `False` deactivates."""
    ana = directory.user("ana@example.com")
    status, answer = directory.patch(ana, {"op": "Replace", "path": "active", "value": "False"})
    assert (status, answer["active"]) == (200, False)
    assert directory.get(ana)["active"] is False


def test_an_old_entra_job_deactivates_with_a_list(directory: Provisioner) -> None:
    """`active` as a list of one object deactivates."""
    ana = directory.user("ana@example.com")
    status, answer = directory.patch(ana, {"op": "Replace", "path": "active", "value": [{"value": "False"}]})
    assert (status, answer["active"]) == (200, False)


@pytest.mark.parametrize("extra", [{}, {"$ref": None}], ids=["plain", "with an empty $ref"])
def test_entra_removes_a_member_by_value(directory: Provisioner, extra: dict[str, Any]) -> None:
    """`Remove` of `members` with a value removes that member only."""
    ana, bo = directory.user("ana@example.com"), directory.user("bo@example.com")
    sales = directory.group("sales", ana, bo)
    status, _ = directory.patch(sales, {"op": "Remove", "path": "members", "value": [{"value": ana["id"], **extra}]})
    assert status == 200
    assert directory.members(sales) == {bo["id"]}


def test_removing_nobody_empties_no_group(directory: Provisioner) -> None:
    """`Remove` of `members` with an empty list leaves everybody in."""
    ana = directory.user("ana@example.com")
    sales = directory.group("sales", ana)
    assert directory.patch(sales, {"op": "Remove", "path": "members", "value": []})[0] == 200
    assert directory.members(sales) == {ana["id"]}


def test_a_member_is_removed_by_a_filter(directory: Provisioner) -> None:
    """`members[value eq …]` removes that member; without value or filter all go."""
    ana, bo, cy = (directory.user(f"{name}@example.com") for name in ("ana", "bo", "cy"))
    sales = directory.group("sales", ana, bo, cy)
    assert directory.patch(sales, {"op": "remove", "path": f'members[value eq "{ana["id"]}"]'})[0] == 200
    assert directory.members(sales) == {bo["id"], cy["id"]}
    assert directory.patch(sales, {"op": "remove", "path": "members"})[0] == 200
    assert directory.members(sales) == set()


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ('phoneNumbers[type eq "mobile"].value', "+49 30 1", ("phoneNumbers", "type", "mobile")),
        ('roles[primary eq "True"].value', "lead", ("roles", "primary", True)),
    ],
)
def test_entra_adds_an_entry_that_is_not_there(directory: Provisioner, path: str, value: str, found: tuple[str, str, Any]) -> None:
    """A filter that no entry fits makes the entry."""
    ana = directory.user("ana@example.com")
    assert directory.patch(ana, {"op": "Add", "path": path, "value": value})[0] == 200
    attribute, name, expected = found
    [entry] = directory.get(ana)[attribute]
    assert (entry["value"], entry[name]) == (value, expected)


def test_entra_replaces_without_a_path(directory: Provisioner) -> None:
    """Dotted names, names of the extension and names with a filter are all applied."""
    ana = directory.user("ana@example.com", emails=[{"type": "work", "value": "old@example.com"}])
    value = {
        "name.givenName": "Ana",
        f"{ENTERPRISE}:department": "Sales",
        'emails[type eq "work"].value': "new@example.com",
        "title": "Lead",
    }
    assert directory.patch(ana, {"op": "replace", "value": value})[0] == 200
    after = directory.get(ana)
    assert after["name"]["givenName"] == "Ana"
    assert after[ENTERPRISE]["department"] == "Sales"
    assert after["emails"] == [{"type": "work", "value": "new@example.com"}]
    assert after["title"] == "Lead"


@pytest.mark.parametrize("form", ["bare", "list", "object", "without a path"])
def test_entra_sets_the_manager(directory: Provisioner, form: str) -> None:
    """A manager may be a bare id, a list of one with `$ref`, or an object."""
    boss, ana = directory.user("boss@example.com"), directory.user("ana@example.com")
    path = f"{ENTERPRISE}:manager"
    operation = {
        "bare": {"op": "Add", "path": path, "value": boss["id"]},
        "list": {"op": "Add", "path": path, "value": [{"$ref": f"{BASE_URL}/scim/v2/Users/{boss['id']}", "value": boss["id"]}]},
        "object": {"op": "Add", "path": path, "value": {"value": boss["id"], "$ref": None}},
        "without a path": {"op": "Add", "value": {path: boss["id"]}},
    }[form]
    assert directory.patch(ana, operation)[0] == 200
    assert directory.get(ana)[ENTERPRISE]["manager"]["value"] == boss["id"]


def test_entra_takes_the_manager_away(directory: Provisioner) -> None:
    """A manager of nothing is no manager."""
    boss = directory.user("boss@example.com")
    ana = directory.user("ana@example.com", **{ENTERPRISE: {"manager": boss["id"], "department": "Sales"}})
    assert directory.get(ana)[ENTERPRISE]["manager"]["value"] == boss["id"]
    assert directory.patch(ana, {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""})[0] == 200
    assert directory.get(ana)[ENTERPRISE] == {"department": "Sales"}


def test_what_nobody_knows_is_ignored(directory: Provisioner) -> None:
    """A schema or attribute of the directory's own is dropped, and the user created."""
    own = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
    ana = directory.user("ana@example.com", schemas=[USER_SCHEMA, own], shoeSize=42, **{own: {"badge": "7"}})
    assert "shoeSize" not in directory.get(ana)


@pytest.mark.parametrize(
    "asked",
    [
        'emails[type eq "work"].value eq "ana@corp.local"',
        'emails eq "ANA@corp.local"',
        'userName eq "ANA"',
        'externalId eq "x-1"',
        'displayName eq "ana a"',
    ],
)
def test_users_are_found(directory: Provisioner, asked: str) -> None:
    """The filters that directories match with find one user, also by an address of a domain that is not public."""
    ana = directory.user("ana", externalId="x-1", displayName="Ana A", emails=[{"type": "work", "value": "ana@corp.local"}])
    directory.user("bo", externalId="X-1", emails=[{"type": "work", "value": "bo@corp.local"}])
    status, answer = directory.send("GET", f"/Users?filter={asked}")
    assert (status, [one["id"] for one in answer["Resources"]]) == (200, [ana["id"]])


def test_entra_asks_whether_somebody_is_in_a_group(directory: Provisioner) -> None:
    """`id eq … and members eq …` with members left out answers by who is in it."""
    ana, bo = directory.user("ana@example.com"), directory.user("bo@example.com")
    sales = directory.group("sales", ana)
    for one, expected in ((ana, 1), (bo, 0)):
        asked = f'id eq "{sales["id"]}" and members eq "{one["id"]}"'
        _, answer = directory.send("GET", f"/Groups?excludedAttributes=members&filter={asked}")
        assert answer["totalResults"] == expected
        assert all("members" not in group for group in answer.get("Resources", ()))


def test_okta_deactivates_without_a_path(directory: Provisioner) -> None:
    """A replace of an object without a path, as the applications of Okta's catalogue send it."""
    ana = directory.user("ana@example.com")
    assert directory.patch(ana, {"op": "replace", "value": {"active": False}})[1]["active"] is False


def test_okta_puts_the_whole_user(directory: Provisioner) -> None:
    """A whole user with groups and a password deactivates; the password is nowhere."""
    ana = directory.user("ana@example.com", name={"givenName": "Ana"})
    body = {
        "schemas": [USER_SCHEMA],
        "id": ana["id"],
        "userName": "ana@example.com",
        "active": False,
        "groups": [],
        "password": "Tr0ub4dor",
    }
    status, answer = directory.send("PUT", f"/Users/{ana['id']}", body)
    assert (status, answer["active"]) == (200, False)
    assert "password" not in answer and "password" not in directory.get(ana)


def test_okta_tests_the_connection(directory: Provisioner) -> None:
    """The list of two users that Okta begins with."""
    for name in ("ana", "bo", "cy"):
        directory.user(name)
    status, answer = directory.send("GET", "/Users?startIndex=1&count=2")
    assert (status, answer["totalResults"], len(answer["Resources"]), answer["startIndex"]) == (200, 3, 2, 1)


def test_okta_pushes_a_group(directory: Provisioner) -> None:
    """The name is replaced with the id beside it, and members are replaced by exactly those that are sent."""
    ana, bo = directory.user("ana@example.com"), directory.user("bo@example.com")
    sales = directory.group("sales", ana)
    value = {"id": sales["id"], "displayName": "field sales"}
    assert directory.patch(sales, {"op": "replace", "value": value})[1]["displayName"] == "field sales"
    assert directory.members(sales) == {ana["id"]}
    assert directory.patch(sales, {"op": "replace", "path": "members", "value": [{"value": bo["id"], "display": "bo"}]})[0] == 200
    assert directory.members(sales) == {bo["id"]}


def test_pages_at_their_edges(directory: Provisioner) -> None:
    """A start below one is one, a start beyond the end is an empty page, and a count of nothing tells the total alone."""
    directory.user("ana")
    for query, rows in (("startIndex=0", 1), ("startIndex=9", 0), ("count=0", 0), ("startIndex=-3&count=-1", 0)):
        status, answer = directory.send("GET", f"/Users?{query}")
        assert (status, answer["totalResults"], len(answer.get("Resources", ()))) == (200, 1, rows), query


def test_manners_of_http(directory: Provisioner) -> None:
    """Plain JSON and a final slash are taken; errors are SCIM's, and the types of the service are told to anybody."""
    body = {"schemas": [USER_SCHEMA], "userName": "ana"}
    assert directory.send("POST", "/Users/", body, **{"Content-Type": "application/json"})[0] == 201
    status, answer = directory.send("POST", "/Users", body)
    assert (status, answer["scimType"], answer["status"]) == (409, "uniqueness", "409")
    assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"):
        assert directory.send("GET", path, Authorization="")[0] == 200
    assert directory.send("POST", "/Groups", {"schemas": [GROUP_SCHEMA], "displayName": "x", "members": [{"value": "nobody"}]})[0] == 400


def test_bulk_takes_the_same_shapes(directory: Provisioner) -> None:
    """Operations of a bulk request are brought into shape like single ones, and may refer to each other."""
    ana = directory.user("ana@example.com")
    patch = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": "Replace", "path": "active", "value": [{"value": "False"}]}]}
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"schemas": [USER_SCHEMA], "userName": "bo", "password": "x"}},
            {
                "method": "POST",
                "path": "/Groups",
                "bulkId": "g",
                "data": {"schemas": [GROUP_SCHEMA], "displayName": "g", "members": [{"value": "bulkId:b"}]},
            },
            {"method": "PATCH", "path": f"/Users/{ana['id']}", "data": patch},
        ],
    }
    status, answer = directory.send("POST", "/Bulk", body)
    assert (status, [one["status"] for one in answer["Operations"]]) == (200, ["201", "201", "200"])
    assert directory.get(ana)["active"] is False


def test_a_bulk_request_stops_where_it_says(directory: Provisioner) -> None:
    """After so many errors nothing more is done; what was done before stays, and each operation that was tried says how it went."""
    operations = [{"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": name}} for name in ("a", "A", "b", "B", "c")]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": 2, "Operations": operations}
    status, answer = directory.send("POST", "/Bulk", body)
    assert (status, [one["status"] for one in answer["Operations"]]) == (200, ["201", "409", "201", "409"])
    assert directory.send("GET", '/Users?filter=userName%20eq%20"c"')[1]["totalResults"] == 0


def test_what_is_too_much_is_refused_whole(directory: Provisioner) -> None:
    """More operations than are taken, and a body that is too large: 413, and nobody is entered."""
    operations = [{"method": "POST", "path": "/Users", "bulkId": f"u{n}", "data": {"userName": f"u{n}"}} for n in range(101)]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    assert directory.send("POST", "/Bulk", body)[0] == 413
    assert directory.send("POST", "/Users", b'{"userName": "u", "x": "' + b"x" * BODY_BYTES_MAX + b'"}')[0] == 413
    assert directory.send("GET", "/Users")[1]["totalResults"] == 0


def test_okta_puts_a_user_without_groups_or_with_none(directory: Provisioner) -> None:
    """Groups of a user are said by the groups alone: a whole user that names none stays in all."""
    ana = directory.user("ana@example.com")
    sales = directory.group("Sales", ana)
    for more in ({}, {"groups": []}):
        body = {"schemas": [USER_SCHEMA], "userName": "ana@example.com", "active": True, **more}
        status, answer = directory.send("PUT", f"/Users/{ana['id']}", body)
        assert (status, [one["display"] for one in answer["groups"]]) == (200, ["Sales"])
    assert directory.members(sales) == {ana["id"]}


@given(JSON)
@example({"manager": [[]]})
def test_whatever_is_sent_is_brought_into_some_shape(body: Any) -> None:
    """No JSON makes the normaliser fail, and what it makes it leaves alone the second time."""
    for shape in (shapes.of_patch, shapes.of_resource, shapes.of_bulk):
        once = shape(body)
        assert shape(once) == once


def test_what_is_nested_too_deep_is_refused() -> None:
    """A body of a thousand levels is refused before anything walks it."""
    body: Any = "x"
    for _ in range(1000):
        body = [body]
    with pytest.raises(InvalidSyntaxException):
        shapes.check_depth(body)
