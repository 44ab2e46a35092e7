"""Which guardrails apply to whom, and the scanner that they share: one configuration, compiled. No I/O, no state of sessions."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from gatebook.dlp.detector import Detector, select
from gatebook.dlp.guardrail import Direction, Guardrail, Verdict, apply
from gatebook.dlp.hit import Limits
from gatebook.dlp.names import KINDS, Named, NamesScanner, Unread
from gatebook.dlp.scanner import CLEAN, Scanner
from gatebook.gateway.naming import Naming
from gatebook.log.vault import Vault
from gatebook.policy.bundle import Bundle
from gatebook.policy.index import Index
from gatebook.policy.request import Request
from gatebook.policy.selectors import Matcher, UnknownSource
from gatebook.record.parts import Decision
from gatebook.state.approvals import ARGUMENTS_KEY
from gatebook.state.governance import Presidio
from gatebook.state.in_force import all_detectors, detector_ids, guardrail_of
from gatebook.state.snapshot import Snapshot

_KNOWN_MAX = 10_000
_NOT_SCANNED = "The payload could not be scanned for sensitive data."
_logger = logging.getLogger(__name__)


class Guards(Struct, frozen=True):
    """The guardrails that apply to one call, by direction. Where there is none, nothing is scanned."""

    arguments: tuple[Guardrail, ...] = ()
    response: tuple[Guardrail, ...] = ()
    names: tuple[Direction, ...] = ()
    """Where names in prose are looked for as well."""

    def on(self, part: Direction) -> tuple[Guardrail, ...]:
        """The guardrails for one direction."""
        return self.response if part == "response" else self.arguments


NO_GUARDS = Guards()


class GovernanceKeys:
    """Keys for what governance hashes: found values, arguments that wait for approval."""

    def __init__(self, vault: Vault) -> None:
        self.values = vault.derive("values 1")
        self.arguments = vault.derive(ARGUMENTS_KEY)


class Scanners:
    """Makes scanners, and keeps the last one: few changes of a configuration touch the detectors, and compiling them takes a while.

    `clock`, in seconds, is what the budget of time of a scan goes by.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made: tuple[object, Scanner] | None = None

    def get(self, detectors: Mapping[str, Detector], limits: Limits) -> Scanner:
        """A scanner for these detectors."""
        wanted = (sorted(detectors.items()), limits)
        if self._made is None or self._made[0] != wanted:
            self._made = (wanted, Scanner(detectors.values(), limits, self._clock))
        return self._made[1]


class Guarding:
    """The guardrails of one configuration. Raises ValueError for one that names a detector that is not there."""

    def __init__(self, snapshot: Snapshot, bundle: Bundle, scanners: Scanners, key: bytes) -> None:
        rules = snapshot.rules
        detectors = all_detectors(rules.detectors)
        known = detector_ids(rules.detectors)
        specs = sorted(rules.guardrails.items())
        packs = {pack.name: pack for pack in bundle.sources.packs}
        self._key = key
        self._bundle = bundle
        self._guardrails = [(Matcher(spec.selector, packs), guardrail_of(name, spec, known)) for name, spec in specs]
        self._index = Index([spec.selector for _, spec in specs], packs)
        self._redactions = {
            rule.id: Guardrail(id=rule.id, on=("arguments", "response"), detectors=select(rule.redact, known), action="redact")
            for rule in bundle.rules.values()
            if rule.effect == "redact"
        }
        used = {name for _, one in self._guardrails for name in one.detectors}
        used |= {name for one in self._redactions.values() for name in one.detectors}
        scan = rules.governance.scan
        limits = Limits(scan_bytes_max=scan.payload_bytes_max, time_budget_ms=scan.time_budget_ms)
        self._scanner = scanners.get({name: detectors[name] for name in used - KINDS.keys()}, limits) if used else None
        self._names = Naming.of(rules.governance.presidio, used)
        self._known: dict[tuple[object, ...], tuple[int, ...]] = {}

    @property
    def scanner(self) -> Scanner | None:
        """What looks at payloads; None where there is no guardrail."""
        return self._scanner

    @property
    def any(self) -> bool:
        """Whether anything may have to be scanned."""
        return self._scanner is not None

    @property
    def presidio(self) -> Presidio | None:
        """How names in prose are looked for; None where that is off, or no guardrail asks for it."""
        return None if self._names is None else self._names.spec

    def of(self, request: Request, decision: Decision | None) -> Guards:
        """The guardrails for a request, and the redactions that policies ask for in it."""
        if self._scanner is None:
            return NO_GUARDS
        key = request.key
        numbers = self._known.get(key)
        if numbers is None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            numbers = self._known[key] = tuple(self._index.matching(request))
        found = [self._guardrails[number][1] for number in numbers if _at_this_moment(self._guardrails[number][0], request)]
        if decision is not None and self._redactions:
            found += [self._redactions[name] for name in decision.matched if name in self._redactions and name not in decision.observed]
        if not found:
            return NO_GUARDS
        guards = Guards(_on("arguments", found), _on("response", found))
        return guards if self._names is None else replace(guards, names=self._names.parts(request, guards))

    def look(self, payload: bytes, part: Direction, guards: Guards, known: Mapping[bytes, Named]) -> Verdict:
        """Scan a payload, JSON text, and apply the guardrails to it. What cannot be scanned is blocked, whatever the reason.

        `known`: what is known of names in it. Raises Unread when more has to be known; then look again.
        """
        assert self._scanner is not None
        guardrails = guards.on(part)
        try:
            if self._names is not None and part in guards.names:
                return self._names.look(
                    payload, part, guardrails, NamesScanner(self._scanner, payload, known, lenient=self._names.lenient), self._key
                )
            scanned = self._scanner.scan(payload)
            if scanned is CLEAN:
                return Verdict(effect="clean", body=payload)
            return apply(payload, scanned, part, guardrails, self._key, self._scanner)
        except Unread:
            raise
        except Exception as error:  # whatever it is, a payload that was not scanned must not pass
            _logger.error("a payload could not be scanned: %s", type(error).__name__)
            rules = tuple(guardrail.id for guardrail in guardrails if not guardrail.observe)
            if not rules:
                return Verdict(effect="clean", body=payload)
            return Verdict(effect="blocked", body=payload, rules=rules, reason=_NOT_SCANNED, error_class="internal")


def _on(part: Direction, guardrails: Iterable[Guardrail]) -> tuple[Guardrail, ...]:
    return tuple(guardrail for guardrail in guardrails if part in guardrail.on)


def _at_this_moment(matcher: Matcher, request: Request) -> bool:
    try:
        return not matcher.dynamic or matcher.dynamic_miss(request) is None
    except UnknownSource:
        return True  # what cannot be told must not keep data from being looked at
