"""Whether resources fit together, looked at before they are stored: a policy or guardrail that does not is refused, and what is in force stays.

Errors name file and line where they come from a file that is being applied. What only deserves a look comes back as warnings.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from gatebook.dlp.checking import check as check_detector
from gatebook.dlp.detector import select
from gatebook.dlp.names import FAMILY, KINDS
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.cases import failures
from gatebook.policy.lint import lint
from gatebook.policy.lint_names import Known
from gatebook.policy.problems import BundleError, Problem
from gatebook.policy.request import Hints
from gatebook.policy.selectors import faults
from gatebook.state.connectors import Connector
from gatebook.state.definitions import hints_of, read_definitions
from gatebook.state.documents import Document, DocumentError
from gatebook.state.governance import ONLY_NAME
from gatebook.state.in_force import detector_ids, detector_of, guardrail_of, sources
from gatebook.state.snapshot import read_snapshot, rules_of, specs_of

GOVERNING = frozenset({"Connector", "Policy", "Guardrail", "Detector", "ToolPack", "Role", "Governance"})


class Draft:
    """The configuration as it would be with these documents applied and these resources, `(kind, name)`, deleted."""

    def __init__(self, connection: Connection, documents: Sequence[Document] = (), deleted: Collection[tuple[str, str]] = ()) -> None:
        self.documents = {(document.kind, document.name): document for document in documents}
        stored = read_snapshot(connection, time.time_ns() // 1000)
        specs = specs_of(stored)
        for kind, name in deleted:
            specs.get(kind, {}).pop(name, None)
        for document in documents:
            specs.setdefault(document.kind, {})[document.name] = document.spec
        self.stored = stored
        self.rules = rules_of(specs)
        self.connectors = {name: Connector(name=name, version=0, spec=spec) for name, spec in specs["Connector"].items()}
        self.tests_run = 0
        """How many tests of policies `check` has run."""
        self._definitions = read_definitions(connection)

    def sources(self, hash: str = "draft") -> Sources:
        """All that would decide about calls."""
        return sources(self.rules, [connector.rules for connector in self.connectors.values()], self.stored.grants, hash)

    def hints(self) -> dict[str, dict[str, Hints]]:
        """What each known tool says of itself, by connector and tool; of several definitions the last that was approved, else the last."""
        found: dict[str, dict[str, Hints]] = {name: {} for name in self.connectors}
        for known in sorted(self._definitions, key=lambda one: (one.state == "approved", one.decided_us or one.seen_us)):
            found.setdefault(known.connector, {})[known.tool] = hints_of(known.definition)
        return found

    def check(self, *, tests: bool = True) -> list[str]:
        """Return warnings about these documents, about all resources where there are none. Raises DocumentError with everything that is wrong.

        `tests` False: those inside policies are not run.
        """
        made = self.sources()
        problems = lint(made, self._known())
        errors = [self._placed(problem) for problem in problems if problem.level == "error"]
        errors += [*self._detector_errors(), *self._guardrail_errors()]
        if not errors and tests:
            errors = self._failed_tests(made)
        if errors:
            raise DocumentError(errors)
        changed = {name for kind, name in self.documents if kind in ("Policy", "ToolPack")}
        return self._name_warnings() + [
            self._placed(problem) for problem in problems if not self.documents or problem.rule.removeprefix("pack/") in changed
        ]

    def _failed_tests(self, made: Sources) -> list[str]:
        try:
            bundle = Bundle.compile(made)
        except BundleError as error:
            return [self._placed(problem) for problem in error.problems]
        self.tests_run = sum(len(rule.tests) for rule in bundle.rules.values())
        return [
            f"{self._where('Policy', failed.rule, f'spec.tests[{failed.number - 1}]')}: test {failed.number}: {failed.text}"
            for failed in failures(bundle)
        ]

    def _detector_errors(self) -> list[str]:
        errors = []
        for name, spec in self.rules.detectors.items():
            errors += [f"{self._where('Detector', name, 'spec')}: {fault}" for fault in check_detector(detector_of(name, spec))]
        return errors

    def _guardrail_errors(self) -> list[str]:
        detectors = detector_ids(self.rules.detectors)
        packs = {name: spec.pack(name) for name, spec in self.rules.packs.items()}
        errors = []
        for name, spec in self.rules.guardrails.items():
            if name in self.rules.policies:
                errors.append(f"{self._where('Guardrail', name, 'name')}: a policy has this name too; a record could not tell them apart")
            errors += [f"{self._where('Guardrail', name, f'spec.selector.{path}')}: {text}" for path, text in faults(spec.selector, packs)]
            try:
                guardrail_of(name, spec, detectors)
            except ValueError as error:
                errors.append(f"{self._where('Guardrail', name, 'spec.detectors')}: {error}")
        for name, policy in self.rules.policies.items():
            try:
                select(policy.redact, detectors)
            except ValueError as error:
                errors.append(f"{self._where('Policy', name, 'spec.redact')}: {error}")
        return errors

    def _name_warnings(self) -> list[str]:
        """What is asked of names in prose and will not happen."""
        presidio = self.rules.governance.presidio
        looked_for = {kind.id for kind in KINDS.values() if kind.entity in presidio.entities} if presidio.connectors else set()
        ids = detector_ids(self.rules.detectors)
        wanted = {name for policy in self.rules.policies.values() for name in select(policy.redact, ids)}
        warnings = []
        for name, spec in self.rules.guardrails.items():
            names = set(select(spec.detectors, ids)) & KINDS.keys()
            wanted |= names
            # A pattern is served by one of its kinds; a kind that is named is meant.
            named = {pattern for pattern in spec.detectors if pattern in KINDS} if names & looked_for else names
            unseen = sorted(named - looked_for)
            if unseen and any(pattern.startswith(FAMILY) for pattern in spec.detectors) and self._is_new("Guardrail", name):
                why = "does not look for them" if presidio.connectors else "is off (presidio.connectors of Governance default)"
                warnings.append(f"{self._where('Guardrail', name, 'spec.detectors')}: never finds {', '.join(unseen)}: Presidio {why}")
        if presidio.connectors and not wanted & looked_for and self._is_new("Governance", ONLY_NAME):
            text = "no guardrail and no policy names any of its kinds (ner/*), so nothing is looked for"
            warnings.append(f"{self._where('Governance', ONLY_NAME, 'spec.presidio')}: {text}")
        return warnings

    def _is_new(self, kind: str, name: str) -> bool:
        return not self.documents or (kind, name) in self.documents

    def _known(self) -> Known:
        """The names that there are. Groups are known only once the directory has any."""
        people = self.stored.people.values()
        groups = frozenset(group for person in people for group in person.groups)
        tools: dict[str, dict[str, Mapping[str, Any] | None]] = {name: {} for name in self.connectors}
        for known in self._definitions:
            schema = msgspec.json.decode(known.definition).get("inputSchema")
            tools.setdefault(known.connector, {})[known.tool] = schema if isinstance(schema, dict) else None
        return Known(groups=groups or None, tools=tools)

    def _placed(self, problem: Problem) -> str:
        kind, _, name = problem.rule.rpartition("/")
        kind = "ToolPack" if kind == "pack" else "Policy"
        path = problem.path if problem.path == "name" else f"spec.{problem.path}"
        near = f"; did you mean {problem.nearest!r}?" if problem.nearest else ""
        column = f" (line {problem.line}, column {problem.column} of it)" if problem.column is not None else ""
        return f"{self._where(kind, name, path)}: {problem.text}{column}{near}"

    def _where(self, kind: str, name: str, path: str) -> str:
        document = self.documents.get((kind, name))
        label = f"{kind} {name}: {path}"
        return f"{document.where(path)}: {label}" if document is not None else label
