"""Policies and guardrails as they are stored, in the order in which they are evaluated, and single resources with their history."""

from collections.abc import Sequence

from sqlalchemy import Connection

from gatebook.dlp.guardrail import STRENGTH
from gatebook.policy.rules import PRECEDENCE
from gatebook.reading.rule_facts import Kind, Listed, Resource, RuleFacts, Version
from gatebook.reading.rule_words import applies_to
from gatebook.state import changes
from gatebook.state.changes import Stored, unified
from gatebook.state.guardrails import GuardrailSpec
from gatebook.state.policies import PolicySpec
from gatebook.state.snapshot import Rules, read_rules


def read_facts(connection: Connection, kind: Listed) -> list[RuleFacts]:
    """All of a kind that are in force: policies by effect, guardrails by action, the strongest first; then by name."""
    rules = read_rules(connection)
    found = [fact for stored in changes.listed(connection, kind) if (fact := _facts(rules, stored)) is not None]
    strongest = sorted(STRENGTH, key=lambda action: -STRENGTH[action])
    order: Sequence[str] = PRECEDENCE if kind == "Policy" else strongest
    return sorted(found, key=lambda fact: (order.index(fact.effect), fact.name))


def read_resource(connection: Connection, kind: Kind, name: str) -> Resource | None:
    """One resource, also one that was deleted; None when there never was one."""
    stored = changes.versions(connection, kind, name)
    if not stored:
        return None
    newest = stored[0]
    return Resource(
        kind=kind,
        name=name,
        yaml=newest.yaml,
        version=newest.version,
        versions=tuple(map(_version, stored, [*stored[1:], None])),
        facts=None if newest.deleted else _facts(read_rules(connection), newest),
    )


def _version(stored: Stored, before: Stored | None) -> Version:
    return Version(
        version=stored.version,
        author=stored.author,
        reason=stored.reason,
        at_us=stored.at_us,
        deleted=stored.deleted,
        yaml=stored.yaml,
        diff=unified(before.yaml if before else "", stored.yaml, f"{stored.kind}/{stored.name}"),
    )


def _facts(rules: Rules, stored: Stored) -> RuleFacts | None:
    match stored.kind:
        case "Policy":
            return _policy(rules.policies[stored.name], stored)
        case "Guardrail":
            return _guardrail(rules.guardrails[stored.name], stored)
    return None


def _policy(spec: PolicySpec, stored: Stored) -> RuleFacts:
    return RuleFacts(
        kind="Policy",
        name=stored.name,
        effect=spec.effect,
        mode=spec.mode,
        description=spec.description,
        severity=spec.severity,
        applies_to=applies_to(spec.selector, spec.limit),
        when=spec.when,
        detectors=spec.redact,
        parts=("arguments", "response") if spec.effect == "redact" else (),
        tests=len(spec.tests),
        version=stored.version,
        author=stored.author,
        changed_us=stored.at_us,
    )


def _guardrail(spec: GuardrailSpec, stored: Stored) -> RuleFacts:
    return RuleFacts(
        kind="Guardrail",
        name=stored.name,
        effect=spec.action,
        mode=spec.mode,
        description=spec.description,
        severity=spec.severity,
        applies_to=applies_to(spec.selector),
        when=None,
        detectors=spec.detectors,
        parts=spec.parts,
        tests=0,
        version=stored.version,
        author=stored.author,
        changed_us=stored.at_us,
    )
