"""What a scenario found, as a row of the table and as JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any

from fault.ledger import Verdict

_COLUMNS = ("rounds", "acknowledged", "lost", "executed", "unrecorded", "started", "finished", "unknown", "refused", "seconds")


@dataclass
class Result:
    """One scenario. `notes` are figures worth showing; `skipped` names what is missing when it could not be run.
    `loses_on_purpose`: the negative control, whose losses are wanted."""

    name: str
    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    executed: int = 0
    unrecorded: int = 0
    started: int = 0
    finished: int = 0
    unknown: int = 0
    refused: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    skipped: str | None = None
    loses_on_purpose: bool = False

    @property
    def ok(self) -> bool:
        """Nothing wrong was found."""
        return not self.faults

    def count(self, verdict: Verdict) -> None:
        """Take over the figures of a verdict over the whole log, and what it found."""
        self.acknowledged, self.lost = verdict.acknowledged, len(verdict.lost)
        self.executed, self.unrecorded = verdict.executed, len(verdict.unrecorded)
        self.started, self.finished, self.unknown, self.refused = verdict.started, verdict.finished, verdict.unknown, verdict.refused

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a fault unless something holds."""
        if not holds:
            self.faults.append(otherwise)

    def as_json(self) -> dict[str, Any]:
        """All fields and `ok`."""
        return {**asdict(self), "ok": self.ok}


def table(results: list[Result]) -> str:
    """The results for people."""
    width = max(len(result.name) for result in results)
    heads = [max(len(name), 7) for name in _COLUMNS]
    lines = ["  ".join([" " * (width + 2), *(f"{name:>{size}}" for name, size in zip(_COLUMNS, heads, strict=True))])]
    for result in results:
        mark = "-" if result.skipped else "✓" if result.ok else "✗"
        values = [getattr(result, name) for name in _COLUMNS]
        cells = [f"{value:>{size},.0f}" for value, size in zip(values, heads, strict=True)]
        lines.append("  ".join([f"{mark} {result.name:<{width}}", *cells]))
    for result in results:
        lines += [f"  {result.name}: {note}" for note in result.notes]
    for result in results:
        if result.skipped:
            lines += ["", f"*** NOT RUN: {result.name}: {result.skipped}"]
        lines += [f"✗ {result.name}: {fault}" for fault in result.faults]
    return "\n".join(lines)
