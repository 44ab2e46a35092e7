"""The record types."""

from typing import get_args

import pytest

from gatebook.record.base import Body
from gatebook.record.body import AnyBody


@pytest.mark.parametrize("kind", get_args(AnyBody), ids=lambda kind: str(kind.__name__))
def test_a_record_cannot_be_changed(kind: type[Body]) -> None:
    """Every record type is frozen and has a tag of the form `subject.event`."""
    config = kind.__struct_config__
    assert config.frozen
    subject, _, event = str(config.tag).partition(".")
    assert subject.isidentifier() and event.isidentifier()


def test_every_type_has_a_tag_of_its_own() -> None:
    """No two record types share a name, and every body that exists is one of the union."""
    kinds = get_args(AnyBody)
    assert len({kind.__struct_config__.tag for kind in kinds}) == len(kinds)
    concrete = {kind for kind in _descendants(Body) if not kind.__name__.startswith("_")}
    assert concrete == set(kinds)


def _descendants(kind: type[Body]) -> set[type[Body]]:
    direct = kind.__subclasses__()
    return set(direct).union(*(_descendants(child) for child in direct))
