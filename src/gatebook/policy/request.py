"""What is asked of policy: one person, one connector, one tool, with what else is known about the call."""

from collections.abc import Callable
from typing import Annotated, Literal

from msgspec import Meta, Struct

Counts = Callable[[str, tuple[str, ...]], bool]
"""Asked with the id of a rule and the key of a count (see `Limit.by`), when all else of that rule matches this call: is the count above
the limit? So a caller that notes what it was asked knows what to count this call under."""


class Hints(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a tool says about itself (MCP tool annotations, of the definition that was approved). None: it does not say."""

    read_only: Annotated[bool | None, Meta(description="The tool changes nothing; not said: it may.")] = None
    destructive: Annotated[bool | None, Meta(description="The tool may delete or overwrite; not said: it may, unless it is read_only.")] = (
        None
    )
    idempotent: Annotated[
        bool | None, Meta(description="Calling it again with the same arguments changes nothing more; not said: it may.")
    ] = None
    open_world: Annotated[bool | None, Meta(description="The tool reaches beyond the connector's own data; not said: it may.")] = None

    def taken(self) -> tuple[bool, bool, bool, bool]:
        """Return the four with what MCP lets a reader assume where nothing is said: writes, destroys, not idempotent, open world."""
        read_only = bool(self.read_only)
        # MCP: destructive and idempotent mean something only for a tool that writes.
        destructive = not read_only and self.destructive is not False
        return read_only, destructive, read_only or bool(self.idempotent), self.open_world is not False


HINTS = Hints()


class Request(Struct, frozen=True, kw_only=True):
    """One request to decide. Only the connector must be known; an empty text is something that is not known."""

    connector: str
    tool: str | None = None
    """As the connector names it; None for what is not a call of a tool."""
    connect: bool = False
    """The request only opens a session or asks what there is (initialize, ping, lists). Any grant on the connector is enough for it."""
    person: str = ""
    email: str = ""
    kind: Literal["person", "service"] = "person"
    groups: tuple[str, ...] = ()
    client: str = ""
    hints: Hints = HINTS
    source_ip: str = ""
    time_us: int = 0
    """Since 1970, UTC."""
    arguments: bytes | None = None
    """Raw JSON."""
    approvals: frozenset[str] = frozenset()
    """Ids of rules whose approval was given for exactly this call."""

    @property
    def key(self) -> tuple[object, ...]:
        """All that `Bundle.candidates` depends on: what a cache of its answers goes by."""
        hints = self.hints
        return (
            *(self.connector, self.tool, self.connect, self.person, self.email, self.kind, self.groups, self.client),
            *(hints.read_only, hints.destructive, hints.idempotent, hints.open_world),
        )
