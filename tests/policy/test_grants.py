"""Who has been given what."""

from gatebook.policy.access import AccessRules
from gatebook.policy.grants import Grants
from gatebook.policy.rules import Grant
from gatebook.policy.selectors import ToolPack
from tests.policy.cast import asking

ACCESS = AccessRules(
    connector="crm", people=("Ana@Corp.example",), groups=("everyone", "Sales"), tools_allow=("get_*", "list"), tools_deny=("get_secret",)
)
PACK = ToolPack(name="all", tools={"*": ("*",)}, people=("*",))


def test_grants_stand_in_the_order_in_which_they_were_written() -> None:
    """People, then groups, then packs by name, whatever the case of a name; then the patterns that allow the tool are named."""
    standing = Grants([ACCESS], [PACK], []).standing(asking())
    own = ("connector/crm:allow.people[Ana@Corp.example]", "connector/crm:allow.groups[everyone]", "connector/crm:allow.groups[Sales]")
    assert standing.permanent == (*own, "pack/all:people[*]")
    assert standing.matched == (*own, "connector/crm:tools.allow[list]", "pack/all:people[*]")


def test_a_grant_of_the_connector_is_none_of_a_tool_that_it_does_not_allow() -> None:
    """The tool needs a pattern, and stays connected without."""
    standing = Grants([ACCESS], [], []).standing(asking("delete"))
    assert standing.permanent == () and standing.connects
    assert Grants([ACCESS], [], []).standing(asking("get_secret")).denied == ("connector/crm:tools.deny[get_secret]",)


def test_who_has_only_a_pack_or_a_temporary_grant_may_connect() -> None:
    """Opening a session is open to each kind of grant; the rest of the connector is not."""
    grant = Grant(id="g", person="ANA", connector="crm", tool="delete", until_us=1)
    for grants in (Grants([], [PACK], []), Grants([], [], [grant])):
        connecting = grants.standing(asking(None, connect=True))
        assert connecting.permanent or connecting.temporary
        reading = grants.standing(asking(None))
        assert not reading.permanent and not reading.temporary
    nobody = Grants([], [], [grant]).standing(asking(None, connect=True, person="eve", email=""))
    assert not nobody.permanent and not nobody.temporary


def test_a_temporary_grant_of_a_person_counts_once() -> None:
    """Also where id and e-mail address are the same text."""
    grant = Grant(id="g", person="ana", connector="crm", tool="list", until_us=1)
    assert Grants([], [], [grant]).standing(asking(email="ANA")).temporary == (grant,)


def test_an_unknown_caller_is_granted_what_everyone_is() -> None:
    """An empty id or address is nobody's name."""
    access = AccessRules(connector="crm", people=("",), groups=("hr",))
    assert not Grants([access], [], []).standing(asking(person="", email="", groups=())).connects
