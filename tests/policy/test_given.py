"""Who is given which tools."""

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.given import given, holds
from gatebook.policy.request import HINTS, Request
from gatebook.policy.selectors import ToolPack
from tests.policy import cast
from tests.policy.cast import ENGINE

TOOLS = {"crm": [(tool, HINTS) for tool in cast.TOOLS], "mail": [("list", HINTS)]}


@drawn(sources=cast.sources, who=cast.requests)
@settings(max_examples=150)
def test_what_is_given_is_what_the_bundle_grants(sources: Sources, who: Request) -> None:
    """Somebody has a tool for good by one of the ways exactly where the grants of the bundle say so."""
    bundle = Bundle.compile(sources, ENGINE)
    ways = given(sources, TOOLS)
    for connector, tools in TOOLS.items():
        for tool, _ in tools:
            standing = bundle.grants.standing(replace(who, connector=connector, tool=tool))
            mine = [one for one in ways if (one.connector, one.tool) == (connector, tool) and holds(who, one.holder)]
            assert bool(mine) == bool(standing.permanent and not standing.denied)


def test_ways_are_told_apart_and_spelling_is_not() -> None:
    """The same group through connector and pack is two ways; the same name in another case is one; everybody has one name."""
    access = AccessRules(connector="crm", groups=("Sales", "sales", "Everyone"), people=("ann",), tools_deny=("delete",))
    packs = (
        ToolPack(name="b", tools={"c*": ("list",)}, people=("*", "bob"), groups=("SALES",)),
        ToolPack(name="a", tools={"mail": ("*",)}, groups=("everyone",)),
        ToolPack(name="named", tools={"crm": ("*",)}),
    )
    ways = given(Sources(access=(access,), packs=packs, hash="0"), {"crm": [("list", HINTS), ("delete", HINTS)], "mail": [("send", HINTS)]})
    assert [(one.tool, one.kind, one.to, one.through) for one in ways] == [
        ("list", "group", "Sales", "connector"),
        ("list", "group", "everyone", "connector"),
        ("list", "person", "ann", "connector"),
        ("list", "group", "SALES", "pack/b"),
        ("list", "group", "everyone", "pack/b"),
        ("list", "person", "bob", "pack/b"),
        ("send", "group", "everyone", "pack/a"),
    ]
    assert len({one.id for one in ways}) == len(ways) and ways[0].holder == ways[3].holder
    assert ways[1].to_everybody and not ways[0].to_everybody


@drawn(st.sampled_from(["ana", "ANA@corp.example", "sales", "Everyone"]), cast.requests)
def test_a_holder_is_found_however_it_is_written(name: str, who: Request) -> None:
    """By id, address or group; case does not matter."""
    assert holds(who, ("person", name.lower())) == (name.lower() in (who.person.lower(), who.email.lower()))
    assert holds(who, ("group", name.lower())) == (name == "Everyone" or name.lower() in {group.lower() for group in who.groups})
