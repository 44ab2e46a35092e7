"""What is read about people and what they may do: plain data, the same for the API and the console. Times in microseconds since 1970.

Names of tools are as their connectors write them; whoever shows one writes hidden characters out.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatebook.policy.explain import Step, StepKind
from gatebook.policy.reach import Reach
from gatebook.record.parts import Effect

OUTCOMES: tuple[Reach, ...] = ("allowed", "conditional", "pending", "denied")
Counts = Annotated[
    dict[str, int],
    Meta(
        description="Tools by what would come of a call now: allowed; conditional: it depends on arguments, time, network or counts; pending: every "
        "call waits for an approval; denied."
    ),
]


class PersonFacts(Struct, frozen=True, kw_only=True):
    """One person or service account of the directory."""

    id: str
    name: str
    email: Annotated[str, Meta(description="May be empty.")]
    kind: Literal["person", "service"]
    groups: tuple[str, ...]
    active: Annotated[bool, Meta(description="Whether their tokens are let in.")]
    may: Counts
    calls: Annotated[int | None, Meta(description="Calls of tools in 30 days; null where the index does not say.")] = None
    last_us: Annotated[int | None, Meta(description="The last of them.")] = None


class PeopleList(Struct, frozen=True, kw_only=True):
    """One page of people, by id."""

    people: tuple[PersonFacts, ...]
    total: Annotated[int, Meta(description="How many people fit what was asked.")]
    page: Annotated[int, Meta(description="Number of this page, from 1.")]
    pages: Annotated[int, Meta(description="How many pages there are.")]


class TokenFacts(Struct, frozen=True, kw_only=True):
    """An access token, without its secret."""

    id: str
    prefix: Annotated[str, Meta(description="Its first characters.")]
    name: str
    created_us: int
    expires_us: Annotated[int | None, Meta(description="Null: it does not expire.")]
    last_used_us: Annotated[int | None, Meta(description="Null: not known.")]
    revoked_us: Annotated[int | None, Meta(description="Null: it is not revoked.")]


class GrantFacts(Struct, frozen=True, kw_only=True):
    """Access for a time, granted on request and in force."""

    id: str
    call: Annotated[str, Meta(description="Id of the refused call that it was asked for.")]
    connector: str
    tool: str
    rules: Annotated[tuple[str, ...], Meta(description="Policies that it lifts.")]
    until_us: int
    decided_by: str | None


class PackFacts(Struct, frozen=True, kw_only=True):
    """A tool pack that the person is given."""

    name: str
    tools: Annotated[dict[str, tuple[str, ...]], Meta(description="Patterns of tools by pattern of connectors.")]
    by: Annotated[tuple[str, ...], Meta(description="Ids of the grants.")]


class Deciding(Struct, frozen=True, kw_only=True):
    """What decides about a tool."""

    id: str
    kind: Annotated[
        StepKind,
        Meta(
            description="rule: a policy. connector: the connector's own access rules. pack: a tool pack. grant: access for a time. default: nothing allows it. "
            "definition: it is not the one that was approved. person: not active."
        ),
    ]


class ToolMay(Struct, frozen=True, kw_only=True):
    """One tool, and what would come of a call of it by the person."""

    connector: str
    tool: Annotated[str, Meta(description="Its name, as the connector writes it.")]
    key: Annotated[str, Meta(description="Stands for the name in addresses.")]
    outcome: Reach
    rules: Annotated[tuple[Deciding, ...], Meta(description="What decides; for conditional all that could.")]
    reason: Annotated[str, Meta(description="Why, in a sentence; may be empty.")]
    calls: Annotated[int | None, Meta(description="The person's calls of it in 90 days; null where the index does not say.")] = None
    last_us: Annotated[int | None, Meta(description="The last of them.")] = None


class PersonDetail(PersonFacts, frozen=True, kw_only=True):
    """One person: `calls` and `last_us` are of 90 days here."""

    tokens: Annotated[tuple[TokenFacts, ...], Meta(description="The newest first, also those that expired or were revoked; at most 100.")]
    grants: tuple[GrantFacts, ...]
    packs: tuple[PackFacts, ...]


class PersonTools(Struct, frozen=True, kw_only=True):
    """What a person may do with each tool that a connector has listed, by connector and tool."""

    person: str
    may: Counts
    tools: tuple[ToolMay, ...]


class Explained(Struct, frozen=True, kw_only=True):
    """What would be decided about a call, and why. Nobody makes the call."""

    person: str
    name: str
    connector: str
    tool: str
    sentence: Annotated[str, Meta(description="The decision in one sentence.")]
    effect: Effect
    rule: Annotated[str, Meta(description="Id of what decides.")]
    kind: Annotated[StepKind, Meta(description="What sort of thing it is.")]
    reason: Annotated[str | None, Meta(description="Why, in a sentence; null where a policy gives none.")]
    bundle: Annotated[str, Meta(description="Hash of the configuration in force.")]
    steps: Annotated[
        tuple[Step, ...], Meta(description="Everything that was asked, in the order of evaluation. Holds no value of an argument.")
    ]
    partial: Annotated[
        bool, Meta(description="Whether steps that do not concern the person are left out, because the viewer sees only their own.")
    ]
