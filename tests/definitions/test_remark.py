"""The texts and parameters of a definition, each with its place."""

from gatebook.definitions.remark import parameters, remark, texts
from tests.definitions.making import of

TOOL = of(
    {
        "name": "t",
        "description": "Does.",
        "inputSchema": {"properties": {"description": {"title": "A", "enum": ["x"], "items": [{"properties": {"b": {}}}]}}},
        "icons": [{"src": "data:"}],
    }
)


def test_every_string_has_its_place() -> None:
    """Values and names of members, except those of icons; prose is what a description or title says."""
    found = {each.path: each for each in texts(TOOL) if not each.key}
    assert {path: each.text for path, each in found.items()} == {
        "/name": "t",
        "/description": "Does.",
        "/inputSchema/properties/description/title": "A",
        "/inputSchema/properties/description/enum/0": "x",
    }
    assert [path for path, each in sorted(found.items()) if each.prose] == ["/description", "/inputSchema/properties/description/title"]
    assert "b" in {each.text for each in texts(TOOL) if each.key}


def test_parameters_of_nested_objects_are_parameters() -> None:
    """With the pointer to their schema."""
    place = "/inputSchema/properties/description"
    assert parameters(TOOL) == [(place, "description"), (f"{place}/items/0/properties/b", "b")]


def test_a_remark_hides_nothing() -> None:
    """What a connector wrote is shown as it is."""
    made = remark(("c", "t\u200b"), "url", "low", "/a\u202e", "x\u200b")
    assert (made.tool, made.path, made.text) == ("t<U+200B>", "/a<U+202E>", "x<U+200B>")
