"""Strategies that make any record: every type, every optional field absent and present."""

from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import Struct
from msgspec import inspect as types

from gatebook.record.body import AnyBody

# Text of other people's making may hold anything that UTF-8 can carry; lone surrogates are refused before a record is made.
TEXT = st.text(max_size=20)
INTEGER = st.integers(min_value=-(2**53), max_value=2**63 - 1)


def body_of(kind: type[Struct]) -> SearchStrategy[Struct]:
    """Make any value of one struct."""
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    required = {field.name: _value(field.type) for field in info.fields if field.required}
    optional = {field.name: _value(field.type) for field in info.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: kind(**fields))


def any_body() -> SearchStrategy[Struct]:
    """Make any record body."""
    return st.sampled_from(get_args(AnyBody)).flatmap(body_of)


def _value(kind: types.Type) -> SearchStrategy[object]:
    match kind:
        case types.Metadata():
            return _value(kind.type)
        case types.UnionType():
            return st.one_of(*(_value(member) for member in kind.types))
        case types.VarTupleType():
            return st.lists(_value(kind.item_type), max_size=3).map(tuple)
        case types.StructType():
            return body_of(kind.cls)
        case types.LiteralType():
            return st.sampled_from(kind.values)
        case types.StrType():
            return TEXT
        case types.IntType():
            return INTEGER
        case types.BoolType():
            return st.booleans()
        case types.NoneType():
            return st.none()
    raise AssertionError(kind)
