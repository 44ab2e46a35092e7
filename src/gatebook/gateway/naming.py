"""Which payloads names in prose are looked for in, and what the guardrails make of them. No I/O."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gatebook.dlp.guardrail import Direction, Guardrail, Verdict, apply
from gatebook.dlp.names import KINDS, UNREAD, NamesScanner
from gatebook.policy.globs import matches
from gatebook.policy.request import Request
from gatebook.record.parts import Finding
from gatebook.state.governance import Presidio

if TYPE_CHECKING:
    from gatebook.gateway.guards import Guards


class Naming(Struct, frozen=True):
    """What one configuration says about names. `kinds`: ids of those that are looked for and that a guardrail asks for."""

    spec: Presidio
    kinds: frozenset[str]

    @classmethod
    def of(cls, spec: Presidio, used: Collection[str]) -> "Naming | None":
        """None where names are not looked for."""
        kinds = frozenset(kind.id for kind in KINDS.values() if kind.entity in spec.entities and kind.id in used)
        return cls(spec, kinds) if spec.connectors and kinds else None

    @property
    def lenient(self) -> bool:
        """Whether a payload passes in which names could not be looked for."""
        return self.spec.on_failure == "pass"

    def parts(self, request: Request, guards: "Guards") -> tuple[Direction, ...]:
        """In which payloads of a request they are looked for."""
        tools = self.spec.tools
        if not any(matches(pattern, request.connector) for pattern in self.spec.connectors):
            return ()
        if not any(pattern == "*" or (request.tool is not None and matches(pattern, request.tool)) for pattern in tools):
            return ()
        return tuple(part for part in self.spec.parts if any(not self.kinds.isdisjoint(rail.detectors) for rail in guards.on(part)))

    def look(self, payload: bytes, part: Direction, guardrails: tuple[Guardrail, ...], scanner: NamesScanner, key: bytes) -> Verdict:
        """Apply the guardrails to a payload. Where names could not be looked for and it passes all the same, a finding says so. Raises Unread."""
        verdict = apply(payload, scanner.scan(payload), part, guardrails, key, scanner)
        if scanner.unread is None:
            return verdict
        finding = Finding(detector=UNREAD, type="unread", severity="medium", part=part, action="logged")
        return replace(verdict, findings=(*verdict.findings, finding))
