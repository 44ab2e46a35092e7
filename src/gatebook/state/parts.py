"""What the specs of all kinds of resources have in common."""

from msgspec import Struct


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of a spec and of each part of one: a field that is not known is refused, one that has its default is not written."""
