"""The resource kinds `Policy`, one rule about who may call what, and `ToolPack`, a named set of tools that is granted as one."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta
from msgspec.structs import asdict

from gatebook.policy.rules import Case, Limit, Rule, RuleEffect
from gatebook.policy.selectors import Selector, ToolPack
from gatebook.record.parts import Severity
from gatebook.state.connectors import Allow
from gatebook.state.parts import Part

NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
NAME_FAULT = "must be 1 to 63 of a-z, 0-9 and -, and must begin with a letter or digit"
_WHEN_CHARACTERS_MAX = 4000
Names = tuple[Annotated[str, Meta(min_length=1, max_length=300)], ...]


class PolicySpec(Part, frozen=True, kw_only=True):
    """What a document of kind Policy says under `spec`."""

    effect: Annotated[
        RuleEffect, Meta(description="allow, deny, require_approval, redact (what `redact` names, in both directions) or alert_only.")
    ]
    description: Annotated[str, Meta(description="What it is for.", max_length=2000)] = ""
    mode: Annotated[
        Literal["enforce", "observe"], Meta(description="observe: decides nothing, but each record says where it would have.")
    ] = "enforce"
    selector: Annotated[Selector, Meta(description="Whose calls of which tools, when and from where; all when left out.")] = Selector()
    when: Annotated[
        Annotated[str, Meta(max_length=_WHEN_CHARACTERS_MAX)] | None,
        Meta(description="Condition in CEL over the call and its arguments, such as `args.limit > 1000`."),
    ] = None
    limit: Annotated[Limit | None, Meta(description="It applies only above this much.")] = None
    redact: Annotated[Names, Meta(description="effect redact: detectors, such as `pii/*`.")] = ()
    reason: Annotated[str, Meta(description="Sentence for the caller.", max_length=500)] = ""
    severity: Annotated[Severity, Meta(description="low, medium, high or critical.")] = "medium"
    requestable: Annotated[bool, Meta(description="deny: whether the caller may ask for an exception.")] = False
    approvers: Annotated[Names, Meta(description="Groups and people who may approve; administrators always may.")] = ()
    tests: Annotated[tuple[Case, ...], Meta(description="Calls, and what all policies together must make of them.")] = ()

    def rule(self, name: str) -> Rule:
        """The rule, as it decides."""
        return Rule(id=name, **asdict(self))


class ToolPackSpec(Part, frozen=True, kw_only=True):
    """What a document of kind ToolPack says under `spec`."""

    tools: Annotated[
        Annotated[dict[str, Names], Meta(min_length=1)], Meta(description="Tools by connector; patterns of `*` and `?` on both sides.")
    ]
    description: Annotated[str, Meta(description="What it is for.", max_length=2000)] = ""
    allow: Annotated[Allow, Meta(description="Who is granted these tools, beside those whom their connectors name.")] = Allow()

    def pack(self, name: str) -> ToolPack:
        """The pack, as it decides."""
        return ToolPack(name=name, tools=self.tools, people=self.allow.people, groups=self.allow.groups)


def policy_faults(name: str, spec: PolicySpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say, and that can be told without the other resources."""
    if not NAME.match(name):
        yield "name", NAME_FAULT
    if (spec.effect == "redact") != bool(spec.redact):
        yield "spec.redact", "names the detectors of effect redact, and is for no other effect"
    if spec.requestable and spec.effect != "deny":
        yield "spec.requestable", "is only for effect deny"
    if spec.approvers and spec.effect not in ("require_approval", "deny"):
        yield "spec.approvers", "is only for effect require_approval, or deny with requestable"
    if spec.limit is not None and spec.effect in ("allow", "redact"):
        yield "spec.limit", "is only for effect deny, require_approval or alert_only"


def pack_faults(name: str, spec: ToolPackSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say."""
    if not NAME.match(name):
        yield "name", NAME_FAULT
    for connector, tools in spec.tools.items():
        if not connector or not tools:
            yield f"spec.tools.{connector}", "names no connector or no tool"
