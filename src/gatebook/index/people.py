"""Who called, as one value: the column `who` holds id, e-mail address and name together, so that a person is looked for in one place."""

import msgspec
from msgspec import Struct

_encode = msgspec.json.Encoder().encode


class Person(Struct, frozen=True, array_like=True):
    """Id, e-mail address and name; each may be empty."""

    id: str = ""
    email: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """What people read."""
        return self.name or self.email or self.id


_decode = msgspec.json.Decoder(Person).decode


def key(id: str, email: str, name: str) -> str:
    """Return the value of `who`; empty when nothing is known."""
    return _encode((id, email, name)).decode() if id or email or name else ""


def person_of(key: str) -> Person:
    """Return who a key stands for."""
    return _decode(key.encode()) if key else Person()
