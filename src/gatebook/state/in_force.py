"""From resources to what decides: the policy bundle, the detectors and the guardrails of one snapshot, or of one that somebody wants to make.

Raises nothing but BundleError and ValueError for what does not fit together; `checking.py` says so to people before it is stored.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import asdict

from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.detector import Detector, select
from gatebook.dlp.guardrail import Guardrail
from gatebook.dlp.names import KINDS
from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Sources
from gatebook.policy.rules import Grant
from gatebook.state.approvals import AccessRequest
from gatebook.state.guardrails import DetectorSpec, GuardrailSpec
from gatebook.state.snapshot import Rules, Snapshot

CUSTOM = "custom"


def sources_of(snapshot: Snapshot) -> Sources:
    """All that decides about calls."""
    return sources(snapshot.rules, [connector.rules for connector in snapshot.connectors.values()], snapshot.grants, snapshot.bundle)


def sources(rules: Rules, access: Iterable[AccessRules], grants: Iterable[AccessRequest], hash: str) -> Sources:
    """All that decides about calls, from its parts."""
    return Sources(
        access=tuple(access),
        packs=tuple(spec.pack(name) for name, spec in rules.packs.items()),
        rules=tuple(spec.rule(name) for name, spec in rules.policies.items()),
        grants=tuple(_grant(request) for request in grants),
        default=rules.governance.default,
        hash=hash,
    )


def all_detectors(custom: Mapping[str, DetectorSpec]) -> dict[str, Detector]:
    """The built-in detectors and the company's own, by id."""
    return dict(BUILT_IN) | {one.id: one for one in (detector_of(name, spec) for name, spec in custom.items())}


def detector_ids(custom: Mapping[str, DetectorSpec]) -> tuple[str, ...]:
    """The ids of all that guardrails may name: detectors, and the kinds of names that a language model finds."""
    return (*all_detectors(custom), *KINDS)


def detector_of(name: str, spec: DetectorSpec) -> Detector:
    """A detector of the company's own."""
    return Detector(id=f"{CUSTOM}/{name.replace('-', '_')}", **{**asdict(spec), "title": spec.title or name})


def guardrail_of(name: str, spec: GuardrailSpec, detectors: Collection[str]) -> Guardrail:
    """A guardrail with those of the detectors, by id, that it means. Raises ValueError for a pattern that means none."""
    return Guardrail(
        id=name,
        on=spec.parts,
        detectors=select(spec.detectors, detectors),
        action=spec.action,
        min_count=spec.min_count,
        observe=spec.mode == "observe",
        severity=spec.severity,
        reason=spec.reason,
    )


def _grant(request: AccessRequest) -> Grant:
    return Grant(
        id=request.id,
        person=request.person,
        connector=request.connector,
        tool=request.tool,
        until_us=request.until_us or 0,
        except_rules=request.rules,
    )
