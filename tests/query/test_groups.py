"""Every field and column belongs to a group; nobody sees what belongs to none."""

from gatebook.index.rows import FullRow
from gatebook.query.fields import FIELDS
from gatebook.query.groups import ALWAYS, COLUMN_GROUP, GROUP_OF, GROUPS, MEANING, METADATA_FIELDS, TEXT_FIELDS, field_of


def test_every_field_belongs_to_a_group() -> None:
    """A field that is added has to say what shows it; `text` is taken apart."""
    assert set(GROUP_OF) == {*FIELDS, "args"} - set(TEXT_FIELDS)
    assert set(GROUP_OF.values()) == set(GROUPS) == set(MEANING)


def test_every_column_belongs_to_the_group_of_its_fields() -> None:
    """All columns of a row and of its payloads, no other; two fields over one column are of one group."""
    assert set(COLUMN_GROUP) == set(FullRow.__struct_fields__)
    for name, field in FIELDS.items():
        if name not in TEXT_FIELDS:
            assert {COLUMN_GROUP[column] for column in field.columns} == {GROUP_OF[name]}, name


def test_names_that_are_no_fields_are_looked_up_as_what_they_ask() -> None:
    """Arguments by path, and bands of durations."""
    assert field_of("args.customer.id") == field_of("args") == "args"
    assert field_of("band") == "duration" and field_of("person") == "person"
    assert set(ALWAYS) <= set(METADATA_FIELDS)
