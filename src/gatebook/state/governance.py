"""The resource kind `Governance`: what all policies and guardrails have in common. There is one document of it."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from gatebook.dlp.names import Entity
from gatebook.state.parts import Part
from gatebook.state.policies import Names

ONLY_NAME = "default"
_MODEL = re.compile(r"[A-Za-z][A-Za-z0-9_]*|/[^\0]*")
Label = Literal["untrusted_source", "private_source", "external_sink", "destructive"]


class ScanLimits(Part, frozen=True, kw_only=True):
    """Beyond these limits a payload is blocked, never passed unscanned."""

    payload_bytes_max: Annotated[Annotated[int, Meta(ge=1024, le=64 << 20)], Meta(description="Largest payload that is scanned.")] = 1 << 20
    time_budget_ms: Annotated[Annotated[int, Meta(ge=1, le=10_000)], Meta(description="Longest scan of one payload.")] = 250


class Canaries(Part, frozen=True, kw_only=True):
    """Where a made-up secret is planted in responses, so that its return in any arguments shows that data was carried off."""

    connectors: Annotated[Names, Meta(description="Connectors; patterns of `*` and `?`. None: no canaries.")] = ()
    tools: Annotated[Names, Meta(description="Tools; patterns of `*` and `?`.")] = ("*",)
    action: Annotated[Literal["alert", "block"], Meta(description="When one comes back: alert or block.")] = "block"


class Presidio(Part, frozen=True, kw_only=True):
    """Where names of people and places in prose are looked for, by a language model in a process of its own."""

    connectors: Annotated[Names, Meta(description="Connectors; patterns of `*` and `?`. None: names are not looked for.")] = ()
    tools: Annotated[
        Names, Meta(description="Tools; patterns of `*` and `?`. What belongs to no tool is looked at only where this is `*`.")
    ] = ("*",)
    parts: Annotated[
        Annotated[tuple[Literal["arguments", "response"], ...], Meta(min_length=1)], Meta(description="Where: arguments, response or both.")
    ] = ("response",)
    entities: Annotated[
        Annotated[tuple[Entity, ...], Meta(min_length=1)],
        Meta(description="What the model looks for: PERSON, LOCATION, ORGANIZATION, NRP, DATE_TIME."),
    ] = ("PERSON", "LOCATION")
    language: Annotated[Annotated[str, Meta(pattern="^[a-z]{2,3}$")], Meta(description="Language of the model, such as en or de.")] = "en"
    model: Annotated[
        Annotated[str, Meta(min_length=1, max_length=500)],
        Meta(description="Installed package of a spaCy model, or the absolute path of a directory that holds one."),
    ] = "en_core_web_sm"
    score_min: Annotated[Annotated[float, Meta(ge=0, le=1)], Meta(description="Least score of a find, 0 to 1.")] = 0.5
    time_budget_ms: Annotated[
        Annotated[int, Meta(ge=10, le=30_000)], Meta(description="Longest look at one payload, waiting for its turn included.")
    ] = 500
    on_failure: Annotated[
        Literal["block", "pass"], Meta(description="When it cannot be done: block, or pass with the finding `ner/unread` on the record.")
    ] = "block"


class ToxicFlows(Part, frozen=True, kw_only=True):
    """What happens when a session that has read untrusted and private data turns to a tool that sends data out."""

    action: Annotated[
        Literal["none", "alert", "require_approval", "block"], Meta(description="none, alert, require_approval or block.")
    ] = "none"
    labels: Annotated[
        dict[str, tuple[Label, ...]],
        Meta(description="Labels of tools by `connector/tool`, patterns of `*` and `?`, in place of what the catalogue says."),
    ] = {}


class TokenRules(Part, frozen=True, kw_only=True):
    """How long access tokens live at most. None lives for ever but those that an administrator makes so, with a reason."""

    personal_days_max: Annotated[Annotated[int, Meta(ge=1, le=3650)], Meta(description="Longest life of a token of a person, in days.")] = (
        365
    )
    service_days_max: Annotated[
        Annotated[int, Meta(ge=1, le=3650)], Meta(description="Longest life of a token of a service account, in days.")
    ] = 365


class GovernanceSpec(Part, frozen=True, kw_only=True):
    """What the document of kind Governance, named `default`, says under `spec`."""

    default: Annotated[
        Literal["allow", "deny"], Meta(description="What happens to a granted call to which no policy applies: allow or deny.")
    ] = "allow"
    scan: Annotated[ScanLimits, Meta(description="Limits of the scan for sensitive data.")] = ScanLimits()
    approvers: Annotated[
        Names, Meta(description="Groups and people who decide about approvals and requests for access; administrators always may.")
    ] = ()
    grant_hours_max: Annotated[
        Annotated[int, Meta(ge=1, le=8760)], Meta(description="Longest time for which access is granted on request.")
    ] = 720
    canaries: Annotated[Canaries, Meta(description="Made-up secrets in responses.")] = Canaries()
    presidio: Annotated[Presidio, Meta(description="Names in prose.")] = Presidio()
    toxic_flows: Annotated[ToxicFlows, Meta(description="Sessions that could carry data off.")] = ToxicFlows()
    tokens: Annotated[TokenRules, Meta(description="Lives of access tokens.")] = TokenRules()
    second_approver: Annotated[
        bool,
        Meta(
            description="Changes to connectors, policies, guardrails, detectors, tool packs, roles and this document wait until another "
            "administrator approves them."
        ),
    ] = False


def governance_faults(name: str, spec: GovernanceSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say."""
    if name != ONLY_NAME:
        yield "name", f"there is one document of this kind; its name is {ONLY_NAME}"
    if not _MODEL.fullmatch(spec.presidio.model):
        yield "spec.presidio.model", "is neither the name of a package, such as en_core_web_sm, nor an absolute path"
    for pattern in spec.toxic_flows.labels:
        if "/" not in pattern:
            yield "spec.toxic_flows.labels", f"{pattern!r} is not `connector/tool`"
