"""Trees are plain data."""

import msgspec
import pytest

from gatebook.query import Query, parse


def test_a_tree_survives_json() -> None:
    """Saved searches and rules store trees as JSON."""
    query = parse('a OR (-status:ok duration:>2s) since:-1h tool:x* session:* "b c" d* *e* bytes_in:1..2')
    assert msgspec.json.decode(msgspec.json.encode(query), type=Query) == query


def test_a_tree_cannot_be_changed() -> None:
    """What was parsed is what is run."""
    query = parse("a")
    with pytest.raises(AttributeError):
        query.text = "b"  # type: ignore[misc]
