"""Names of members after a change."""

from gatebook.dlp.keys import unique_keys


def test_names_become_unique_within_their_object() -> None:
    """A suffix tells apart what would collide, with each other or with what was there; other objects do not matter."""
    raw = b'{"a":1,"b":2,"x":{"c":3}, "x_2":4}'
    renamed = {raw.index(b'"a"'): "x", raw.index(b'"b"'): "x", raw.index(b'"c"'): "x"}
    assert list(unique_keys(raw, renamed).values()) == ["x", "x_3", "x_4"] or unique_keys(raw, renamed) == {
        raw.index(b'"c"'): "x",
        raw.index(b'"a"'): "x_3",
        raw.index(b'"b"'): "x_4",
    }
