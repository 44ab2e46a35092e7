"""Counts what a scanner found, missed and invented on the labelled cases and on ordinary payloads."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.dlp.labelled.case import Case
from tests.dlp.labelled.detectors import DETECTORS

Finding = tuple[str, str | bytes]
Scan = Callable[[bytes], Iterable[Finding]]


@dataclass(kw_only=True)
class Verdict:
    """Counts by (kind, detector) and by (kind, way), and the ids of the cases where something was wrong."""

    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    ways_found: Counter[tuple[str, str]] = field(default_factory=Counter)
    ways_missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    invented: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed_ids: list[str] = field(default_factory=list)
    invented_ids: list[str] = field(default_factory=list)

    def recall(self, kind: str, detector: str | None = None) -> float:
        """Return the part of the expected findings of a kind that was found, of one detector or of all; 0 where none is expected."""
        found, missed = (
            sum(count for (of, name), count in counts.items() if of == kind and detector in (None, name))
            for counts in (self.found, self.missed)
        )
        return found / (found + missed) if found + missed else 0.0

    def invented_in(self, kind: str) -> list[str]:
        """Return what was found on cases of a kind and should not have been: `case: detector`."""
        return [line for line in self.invented_ids if line.startswith(f"{kind}-")]


def judge(scan: Scan, cases: Iterable[Case]) -> Verdict:
    """Scan every case and count; to refuse a hostile case with an exception is as good as to find its value."""
    verdict = Verdict()
    for case in cases:
        findings = _findings(scan, case)
        for one in case.expect:
            met = findings is None or any(one.met_by(name, _text(value)) for name, value in findings)
            (verdict.found if met else verdict.missed)[case.kind, one.detector] += 1
            (verdict.ways_found if met else verdict.ways_missed)[case.kind, case.way] += 1
            verdict.missed_ids += [] if met else [case.id]
        wanted = {one.detector for one in case.expect}
        for name in sorted({name for name, _ in findings or ()} - wanted - case.also):
            verdict.invented[case.kind, name] += 1
            verdict.invented_ids.append(f"{case.id}: {name}")
    return verdict


def judge_ordinary(scan: Scan, payloads: Iterable[tuple[str, Any]]) -> list[str]:
    """Return a line for each ordinary payload in which something was found: its place, its kind and the detectors."""
    lines = []
    for place, (kind, payload) in enumerate(payloads):
        names = sorted({name for name, _ in scan(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())})
        lines += [f"{place} {kind}: {' '.join(names)}"] if names else []
    return lines


def table(verdict: Verdict, ordinary: list[str], ordinary_count: int) -> str:
    """Return the report as text: a line for each detector and each evasion, then the sums."""
    lines = [f"{'detector':<32}{'plain':>12}{'encoded':>12}{'beside':>8}{'false':>7}"]
    false_ordinary = Counter(name for line in ordinary for name in line.split(": ", 1)[1].split())
    others = {name for _, name in verdict.invented} | set(false_ordinary)
    for name in (*DETECTORS, *sorted(others - set(DETECTORS))):
        beside = sum(verdict.invented[kind, name] for kind in ("plain", "encoded", "gap", "hostile"))
        false = verdict.invented["negative", name] + false_ordinary[name]
        lines.append(f"{name:<32}{_share(verdict, 'plain', name):>12}{_share(verdict, 'encoded', name):>12}{beside:>8}{false:>7}")
    lines += ["", f"{'way':<32}{'found':>12}"]
    for kind, way in sorted({*verdict.ways_found, *verdict.ways_missed} - {("plain", way) for _, way in verdict.ways_found}):
        found, missed = verdict.ways_found[kind, way], verdict.ways_missed[kind, way]
        lines.append(f"{f'{kind}: {way}':<32}{f'{found}/{found + missed}':>12}")
    lines += ["", *(f"recall {kind}: {verdict.recall(kind):.4f}" for kind in ("plain", "encoded", "hostile", "gap"))]
    lines.append(f"false on negatives: {len(verdict.invented_in('negative'))}")
    lines.append(f"ordinary payloads with a finding: {len(ordinary)} of {ordinary_count}")
    return "\n".join(lines)


def _findings(scan: Scan, case: Case) -> list[Finding] | None:
    """Return the findings, or None where a hostile case was refused."""
    if case.kind != "hostile":
        return list(scan(case.body()))
    try:
        return list(scan(case.body()))
    except Exception:  # whatever it is, the gateway blocks the call
        return None


def _share(verdict: Verdict, kind: str, name: str) -> str:
    found, missed = verdict.found[kind, name], verdict.missed[kind, name]
    return f"{found}/{found + missed}" if found + missed else "-"


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
