"""What people read about connectors and their tools: plain data, the same for the API, the command line and the console.

Names of tools are as their connectors write them; whoever shows one writes hidden characters out. Times in microseconds since 1970.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatebook.definitions.change import Change
from gatebook.policy.request import Hints
from gatebook.reading.callers import Callers, Grants
from gatebook.reading.standing import ToolState
from gatebook.record.parts import Severity
from gatebook.state.definitions import State

Kind = Literal["read", "write", "destructive"]


class Noted(Struct, frozen=True, kw_only=True):
    """One remark of the lint."""

    check: Annotated[str, Meta(description="Which check made it.")]
    severity: Severity
    path: Annotated[str, Meta(description="JSON pointer into the definition.")]
    text: Annotated[str, Meta(description="A sentence.")]


class Activity(Struct, frozen=True, kw_only=True):
    """Calls, as the index has them."""

    calls: Annotated[int, Meta(description="Calls of the span: of a tool 7 days, of a connector 24 hours.")] = 0
    errors: Annotated[int, Meta(description="How many of them failed.")] = 0
    last_us: Annotated[int | None, Meta(description="The last call within 90 days; null where there is none.")] = None


class ToolFacts(Struct, frozen=True, kw_only=True):
    """One tool."""

    tool: Annotated[str, Meta(description="Its name, as the connector writes it.")]
    key: Annotated[str, Meta(description="Stands for the name in addresses.")]
    state: Annotated[
        ToolState,
        Meta(
            description="approved: may be called. waiting, changed, renamed, look_alike: hidden until somebody decides. refused: hidden. "
            "removed: approved, and no longer listed. unchecked: its connector says `tool_approval: none`."
        ),
    ]
    hash: Annotated[str | None, Meta(description="SHA-256 of the definition that is listed; null when it is not listed.")]
    approved_hash: Annotated[str | None, Meta(description="SHA-256 of the definition that may be called.")]
    other: Annotated[str | None, Meta(description="The tool that it was before (renamed), or that it resembles (look_alike).")]
    first_us: Annotated[int, Meta(description="When a definition of it was seen first.")]
    seen_us: Annotated[int, Meta(description="When the definition that is listed was seen first.")]
    decided_by: Annotated[str | None, Meta(description="Who decided about the definition that is listed, else about the approved one.")]
    decided_us: int | None
    reason: str | None
    hints: Annotated[Hints, Meta(description="What the tool says of itself; what it does not say is left out.")]
    kind: Annotated[Kind, Meta(description="What its hints come to: what they leave open counts as the protocol says.")]
    remarks: Annotated[tuple[Noted, ...], Meta(description="What should make whoever approves it look twice, the gravest first.")]
    grants: Grants
    activity: Annotated[Activity | None, Meta(description="Calls of 7 days; null where the index does not answer.")] = None


class ConnectorFacts(Struct, frozen=True, kw_only=True):
    """One connector."""

    name: str
    title: str
    transport: str
    tool_approval: Annotated[str, Meta(description="first, review or none.")]
    listed_us: Annotated[int | None, Meta(description="When it listed something new last; null where it has not listed anything.")]
    tools: Annotated[int, Meta(description="Tools that it lists.")]
    undecided: Annotated[int, Meta(description="Tools that are hidden until somebody decides.")]
    grave: Annotated[int, Meta(description="Tools with a remark of high or critical severity.")]
    waiting: Annotated[str, Meta(description="Mark of what waits: send it along when all of it is decided at once.")]
    activity: Annotated[Activity | None, Meta(description="Calls of 24 hours; null where the index does not answer.")] = None


class ConnectorDetail(ConnectorFacts, frozen=True, kw_only=True):
    """One connector with its tools, by name: those that wait first."""

    all_tools: tuple[ToolFacts, ...]


class Seen(Struct, frozen=True, kw_only=True):
    """One definition of a tool that was seen."""

    hash: str
    state: State
    seen_us: int
    decided_by: str | None
    decided_us: int | None
    reason: str | None
    listed: Annotated[bool, Meta(description="The connector lists it now.")]
    in_force: Annotated[bool, Meta(description="It is the one that may be called.")]


class Compared(Struct, frozen=True, kw_only=True):
    """What is different between the definition that was approved and the one that is listed."""

    before: Annotated[str, Meta(description="Hash of the approved one; of a renamed tool that of the tool that it was.")]
    after: str
    changes: tuple[Change, ...]
    left_out: Annotated[int, Meta(description="How many changes there are more.")]
    text: Annotated[str, Meta(description="The same as lines of text: `!` a change, `-` before, `+` after.")]


class ToolDetail(Struct, frozen=True, kw_only=True):
    """One tool with its definition, what changed, and all that was decided about it."""

    connector: str
    tool_approval: str
    facts: ToolFacts
    definition: Annotated[
        str, Meta(description="The definition that is listed, else the approved one: indented JSON, hidden characters written out.")
    ]
    compared: Annotated[Compared | None, Meta(description="Null where nothing was approved before, or nothing is different.")]
    history: Annotated[tuple[Seen, ...], Meta(description="All definitions that were seen, the newest first.")]
    callers: Annotated[Callers | None, Meta(description="What the policies make of it for each person; null where there are too many.")] = (
        None
    )
