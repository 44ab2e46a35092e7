"""What people read about policies and guardrails, and what they send to change what is governed: plain data, the same for all faces."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gatebook.state import proposals
from gatebook.state.store import StateError

Kind = Literal["Policy", "Guardrail", "Detector", "ToolPack", "Role", "Governance", "Connector", "AiClients", "IdentityProvider"]
Listed = Literal["Policy", "Guardrail"]
ProposalState = proposals.ProposalState
Mode = Literal["enforce", "observe"]
Decision = Literal["applied", "declined", "withdrawn"]
Refusal = Literal["moved", "own", "unknown", "state"]
DAYS: Final = 7


class Hits(Struct, frozen=True, kw_only=True):
    """Calls of the last seven days to which a policy or guardrail applied."""

    calls: int
    decided: Annotated[int, Meta(description="Those that it decided.")]
    days: Annotated[tuple[int, ...], Meta(description="`calls` by day, seven numbers, the oldest first.")]
    last_us: int | None


class RuleFacts(Struct, frozen=True, kw_only=True):
    """One policy or guardrail, in the order of evaluation. Times in microseconds since 1970."""

    kind: Listed
    name: str
    effect: Annotated[str, Meta(description="Effect of a policy, action of a guardrail.")]
    mode: Mode
    description: str
    severity: str | None
    applies_to: Annotated[str, Meta(description="Whose calls of which tools, in one line of words.")]
    when: str | None
    detectors: tuple[str, ...]
    parts: tuple[str, ...]
    tests: int
    version: int
    author: str
    changed_us: int
    hits: Annotated[Hits | None, Meta(description="Null while the index does not answer.")] = None


class Version(Struct, frozen=True, kw_only=True):
    """One version of a resource. `diff` is against the version before."""

    version: int
    author: str
    reason: str | None
    at_us: int
    deleted: bool
    yaml: str
    diff: str


class Resource(Struct, frozen=True, kw_only=True):
    """One resource with all its versions, the newest first. `facts` for policies and guardrails that are in force."""

    kind: Kind
    name: str
    yaml: Annotated[str, Meta(description="As it is in force; empty when it was deleted.")]
    version: int
    versions: tuple[Version, ...]
    facts: RuleFacts | None = None


class Edit(Struct, frozen=True, kw_only=True):
    """What somebody wants to change. `text`: YAML documents. `bases`: version of each `Kind/name` that was looked at; 0: there was none."""

    text: str = ""
    deletions: tuple[tuple[Kind, str], ...] = ()
    bases: dict[str, int] = {}
    reason: str = ""


class EditedChange(Struct, frozen=True, kw_only=True):
    """One resource that would change, or has changed."""

    kind: str
    name: str
    action: Literal["created", "changed", "unchanged", "deleted"]
    version: int
    diff: str


class Checked(Struct, frozen=True, kw_only=True):
    """What would come of an edit. With `problems` nothing would be changed; each names its line and what would be right."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[EditedChange, ...]
    tests: Annotated[int, Meta(description="Tests of policies that were run.")]
    needs_second: Annotated[bool, Meta(description="Somebody else has to approve it.")]


class Made(Struct, frozen=True, kw_only=True):
    """What came of an edit: it is in force (`applied`), or waits as `proposal` for a second person."""

    applied: bool
    proposal: str | None
    changes: tuple[EditedChange, ...]
    warnings: tuple[str, ...] = ()


class Proposal(Struct, frozen=True, kw_only=True):
    """A change that waits or waited for a second person."""

    id: str
    state: ProposalState
    author: str
    reason: str
    asked_us: int
    changes: tuple[EditedChange, ...]
    decided_by: str | None = None
    decided_us: int | None = None
    decision_reason: str | None = None
    own: bool = False
    may_decide: bool = False
    outdated: Annotated[bool, Meta(description="What it changes has changed since; it cannot be approved any more.")] = False
    text: str = ""


class ChangeRefused(StateError):
    """A change is not made. `kind`: moved (somebody else changed it meanwhile), own (nobody approves their own), unknown, state."""

    def __init__(self, kind: Refusal, text: str) -> None:
        super().__init__(text)
        self.kind: Refusal = kind
