"""What people read about grants and their use: plain data, the same for the API, the command line and the console. Times in microseconds since 1970."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatebook.policy.unused import State

Kind = Literal["group", "person"]


class GrantFacts(Struct, frozen=True, kw_only=True):
    """One tool that one group or person has been given in one way."""

    id: Annotated[str, Meta(description="Stands for it where it is chosen.")]
    connector: str
    tool: str
    kind: Kind
    to: Annotated[str, Meta(description="The group or person; the group `everyone` is everybody.")]
    through: Annotated[str, Meta(description="connector, or pack/ and the name of the tool pack.")]
    may_call: Annotated[int, Meta(description="People and service accounts who have it by this, and to whom no policy denies it always.")]
    did_call: Annotated[int, Meta(description="How many of them called it, or of those who were in the group then.")]
    idle: Annotated[int, Meta(description="How many of those who may never called any tool of the connector.")]
    calls: Annotated[int, Meta(description="Their calls that were not blocked.")]
    last_us: Annotated[int | None, Meta(description="The last of them; null where there is none.")]
    since_us: Annotated[int | None, Meta(description="When the grant, or the tool, came to be; null where that is not known.")]
    state: Annotated[State, Meta(description="used; unused: nobody called it; new: nobody did, but it came to be within the span.")]


class ConnectorGrants(Struct, frozen=True, kw_only=True):
    """How many grants of one connector there are by state."""

    connector: str
    used: int
    unused: int
    new: int


class GrantReport(Struct, frozen=True, kw_only=True):
    """Grants and their use, those that were asked for: by connector, whom they are given to, and tool."""

    since_us: int
    until_us: int
    days: int
    used: Annotated[int, Meta(description="Grants that were used, of all that the connector and group that were asked for have.")]
    unused: int
    new: int
    connectors: Annotated[list[ConnectorGrants], Meta(description="The same by connector.")]
    total: Annotated[int, Meta(description="How many there are that `grants` is a part of.")]
    grants: list[GrantFacts]


class LeftOut(Struct, frozen=True, kw_only=True):
    """A grant that was chosen and is not in the draft."""

    id: str
    text: Annotated[str, Meta(description="Which one, in words; empty where there is none of this id.")]
    why: Annotated[str, Meta(description="A sentence.")]


class Narrowing(Struct, frozen=True, kw_only=True):
    """A draft of policies that take grants away."""

    documents: Annotated[str, Meta(description="YAML for `gatebook apply`, and for a replay; empty where nothing is to be taken away.")]
    names: Annotated[list[str], Meta(description="The policies that it holds.")]
    taken: Annotated[int, Meta(description="Grants that would be gone.")]
    left_out: list[LeftOut]
    problems: Annotated[list[str], Meta(description="Why it could not be put in force as it is, such as a test of another policy.")]
    warnings: Annotated[list[str], Meta(description="What deserves a look.")]
