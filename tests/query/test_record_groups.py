"""Every field of every piece of a call's records says what shows it."""

import msgspec.inspect as types
import pytest
from msgspec import Struct

from gatebook.query.groups import GROUPS, METADATA_FIELDS
from gatebook.query.record_groups import PART_GROUPS, RECORD_GROUPS
from gatebook.record.base import Header
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted, MessageRelayed
from gatebook.record.parts import PartName

TOPS = (Header, CallStarted, CallRefused, CallFinished, CallOutcomeUnknown, MessageRelayed)


def pieces() -> dict[str, type[Struct]]:
    """All structs of the records of a call, by name; what is shown whole or not at all is not looked into."""
    found: dict[str, type[Struct]] = {}
    waiting: list[type[Struct]] = list(TOPS)
    while waiting:
        one = waiting.pop()
        found[one.__name__] = one
        for field in types.type_info(one).fields:  # type: ignore[attr-defined]
            if RECORD_GROUPS[one.__name__].get(field.name) == "open":
                waiting.extend(_structs(field.type))
    return found


def _structs(kind: types.Type) -> list[type[Struct]]:
    if isinstance(kind, types.StructType):
        return [kind.cls]
    inner = [getattr(kind, "item_type", None), getattr(kind, "type", None), *getattr(kind, "types", ())]
    return [found for one in inner if isinstance(one, types.Type) for found in _structs(one)]


@pytest.mark.parametrize(("name", "piece"), sorted(pieces().items()))
def test_every_field_of_a_piece_has_a_mark(name: str, piece: type[Struct]) -> None:
    """The same fields as the piece has, each with groups and fields of metadata that there are."""
    assert set(RECORD_GROUPS[name]) == set(piece.__struct_fields__)
    for mark in RECORD_GROUPS[name].values():
        group, _, field = mark.partition(":")
        assert mark == "open" or (set(group.split("+")) <= set(GROUPS) and (not field or field in METADATA_FIELDS)), mark


def test_every_payload_part_has_groups() -> None:
    """And no piece stands in the table that is in no record of a call."""
    assert set(PART_GROUPS) == set(PartName.__args__)  # type: ignore[attr-defined]
    assert set(RECORD_GROUPS) == set(pieces())
