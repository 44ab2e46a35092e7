"""The tables of the search benchmark, and the goals that the figures are held against."""

import re
import statistics
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from bench.search_ask import HEAVY, Starved, Timed, p95
from bench.search_load import Built
from bench.search_stage import Painted

_MARKERS: Final = "<!-- figures of {} calls -->", "<!-- end of figures -->"
_GOAL_PAINT_MS: Final = 1000.0
_GOAL_FRESH_S: Final = 2.0
_GOAL_RESIDENT_BYTES: Final = 1.5 * 2**30
_GOAL_SIZE: Final = 0.55
_GOAL_BARE: Final = 1.5
_NEWEST_MS: Final = 150.0


class Peer(Struct, frozen=True, kw_only=True):
    """Another store with the same corpus: milliseconds p50 and p95 by the key of a question; `load_per_s` is the store's own part."""

    name: str
    load_per_s: float
    bytes: int
    resident_bytes: int
    kept: bool
    questions: dict[str, tuple[float, float]] = {}
    problem: str = ""


class Result(Struct, kw_only=True):
    """All figures of one run. `load`: of the machine before it; `kept`: the index was there from an earlier run."""

    calls: int
    machine: str
    commit: str
    load: float
    rate: float
    built: Built | None
    kept: bool
    raw_bytes: int = 0
    opened_s: float = 0.0
    tables: list[dict[str, Any]] = []
    questions: list[Timed] = []
    painted: dict[str, Painted] = {}
    fresh_s: list[float] = []
    starved: Starved | None = None
    resident_bytes: int = 0
    written_per_s: float = 0.0
    behind_bytes: int = 0
    peer_calls: int = 0
    peers: list[Peer] = []
    problems: list[str] = []
    took_s: float = 0.0


def render(result: Result) -> str:
    """Return the report, Markdown."""
    parts = [_circumstances(result), _goals(result), _questions(result)]
    if result.peers:
        parts.append(_peers(result))
    parts += [f"PROBLEM: {problem}" for problem in result.problems]
    return "\n\n".join(parts)


def write_docs(page: Path, result: Result) -> None:
    """Put the report between the markers for its number of calls. Raises ValueError when the page has none."""
    first, last = _MARKERS[0].format(f"{result.calls:,}"), _MARKERS[1]
    text = page.read_text()
    pattern = re.compile(re.escape(first) + ".*?" + re.escape(last), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{page} has no line {first}")
    block = f"{first}\n\n{render(result)}\n\n{last}"
    page.write_text(pattern.sub(lambda _: block, text, count=1))


def _circumstances(result: Result) -> str:
    origin = "kept from an earlier run" if result.kept else "loaded in this run"
    return (
        f"{result.calls:,} calls, {result.written_per_s:,.0f} more per second being written; {result.machine}; load {result.load:.1f} before. "
        f"Commit {result.commit}. The index was {origin} and opened in {result.opened_s:.1f} s. The whole run took {result.took_s / 60:.0f} min."
    )


def _goals(result: Result) -> str:
    rows: list[tuple[str, str, str, bool]] = []

    def goal(name: str, limit: float, value: float, form: str) -> None:
        rows.append((name, f"< {form.format(limit)}", form.format(value), value <= limit))

    groups: dict[str, list[Timed]] = {}
    for timed in result.questions:
        if timed.goal_ms is not None and not timed.problem:
            name = "newest 50, every combination of filters" if timed.goal_ms == _NEWEST_MS else timed.name.partition(":")[0]
            groups.setdefault(name, []).append(timed)
    for name, timings in groups.items():
        assert timings[0].goal_ms is not None
        goal(f"{name}, worst p95", timings[0].goal_ms, max(timed.p95_ms for timed in timings), "{:.0f} ms")
    for name, painted in result.painted.items():
        goal(f"explorer painted with rows, {name}, p50", _GOAL_PAINT_MS, statistics.median(painted.rows_ms), "{:.0f} ms")
    ratios = _ratios(result)
    if ratios:
        goal("API p50 / bare index p50, all questions together", _GOAL_BARE, _together(result), "{:.2f}")
        goal("API p50 / bare index p50, worst question", _GOAL_BARE, max(ratios), "{:.2f}")
    if result.fresh_s:
        goal("index freshness, p95", _GOAL_FRESH_S, p95(result.fresh_s), "{:.2f} s")
    if result.starved:
        goal(f"newest 50, p95, while {HEAVY} heavy questions run", _NEWEST_MS, result.starved.newest_p95_ms, "{:.0f} ms")
        goal(f"index freshness, p95, while {HEAVY} heavy questions run", _GOAL_FRESH_S, result.starved.fresh_p95_s, "{:.2f} s")
    goal("keeper, most resident memory", _GOAL_RESIDENT_BYTES / 2**20, result.resident_bytes / 2**20, "{:.0f} MiB")
    goal("index bytes / raw bytes", _GOAL_SIZE, _stored_bytes(result) / result.raw_bytes, "{:.2f}")
    lines = ["| goal | at most | measured | |", "|---|---|---|---|"]
    lines += [f"| {name} | {limit} | {value} | {'OK' if met else '**MISSED**'} |" for name, limit, value, met in rows]
    lines += [f"| {name} | | {value} | |" for name, value in _facts(result)]
    return "\n".join(lines)


def _facts(result: Result) -> list[tuple[str, str]]:
    stored, parts = _stored_bytes(result), sum(row["parts"] for row in result.tables)
    facts = [("index, bytes per call", f"{stored / result.calls:,.0f} in {parts} parts")]
    if result.built:
        facts.insert(0, ("loading, calls per second", f"{result.built.load_per_s:,.0f}, then {result.built.merged_s:.0f} s of merging"))
    if result.starved:
        facts.append(("log that is not indexed yet, at the end", f"{result.behind_bytes / 1e6:,.1f} MB"))
        facts.append(
            (
                "heavy questions meanwhile",
                f"{result.starved.heavy_answered} answered, {result.starved.heavy_refused} refused; light ones refused: {result.starved.light_refused}",
            )
        )
    return facts


def _questions(result: Result) -> str:
    lines = ["| question | first | p50 | p95 | goal | | bare p50 | API / bare |", "|---|---|---|---|---|---|---|---|"]
    for timed in result.questions:
        if timed.problem:
            lines.append(f"| {timed.name} | | | | | **FAILED** | | |")
            continue
        goal = f"{timed.goal_ms:.0f}" if timed.goal_ms is not None else ""
        verdict = (
            f"{timed.refused} refused"
            if timed.refused
            else ""
            if timed.goal_ms is None
            else "OK"
            if timed.p95_ms <= timed.goal_ms
            else "**MISSED**"
        )
        bare = f"{timed.bare_p50_ms:.0f} | {timed.p50_ms / timed.bare_p50_ms:.2f}" if timed.bare_p50_ms else " | "
        lines.append(f"| {timed.name} | {timed.first_ms:.0f} | {timed.p50_ms:.0f} | {timed.p95_ms:.0f} | {goal} | {verdict} | {bare} |")
    return "\n".join(lines)


def _peers(result: Result) -> str:
    own = f"Gatebook, {result.calls:,} calls"
    names = [peer.name for peer in result.peers]
    lines = [
        f"| p50 / p95, ms | {own} | " + " | ".join(f"{name}, {result.peer_calls:,} | x" for name in names) + " |",
        "|---|---|" + "---|---|" * len(names),
    ]
    for timed in result.questions:
        if timed.key and not timed.problem and any(timed.key in peer.questions for peer in result.peers):
            cells = " | ".join(_beside(peer, timed) for peer in result.peers)
            lines.append(f"| {timed.name} | {_pair(timed.p50_ms, timed.p95_ms)} | {cells} |")
    own_rate = result.built.load_per_s if result.built else 0.0
    own_bytes = _stored_bytes(result) / result.calls
    facts: list[tuple[str, float, list[float]]] = [
        ("loading, calls/s", own_rate, [peer.load_per_s for peer in result.peers]),
        ("bytes per call", own_bytes, [peer.bytes / result.peer_calls for peer in result.peers]),
        ("most resident, MiB", result.resident_bytes / 2**20, [peer.resident_bytes / 2**20 for peer in result.peers]),
    ]
    for name, mine, theirs in facts:
        cells = " | ".join(f"{value:,.0f} | {value / mine:.1f}" if mine else f"{value:,.0f} | " for value in theirs)
        lines.append(f"| {name} | {mine:,.0f} | {cells} |")
    lines += [f"\nPROBLEM: {peer.name}: {peer.problem}" for peer in result.peers if peer.problem]
    return "\n".join(lines)


def _beside(peer: Peer, timed: Timed) -> str:
    if timed.key not in peer.questions:
        return "– | "
    p50_ms, p95_ms = peer.questions[timed.key]
    return f"{_pair(p50_ms, p95_ms)} | {p50_ms / timed.p50_ms:.1f}"


def _pair(p50_ms: float, p95_ms: float) -> str:
    return " / ".join(f"{value:,.0f}" if value >= 10 else f"{value:.1f}" for value in (p50_ms, p95_ms))


def _ratios(result: Result) -> list[float]:
    return [timed.p50_ms / timed.bare_p50_ms for timed in result.questions if timed.bare_p50_ms and not timed.problem]


def _together(result: Result) -> float:
    compared = [timed for timed in result.questions if timed.bare_p50_ms and not timed.problem]
    return sum(timed.p50_ms for timed in compared) / sum(timed.bare_p50_ms or 0.0 for timed in compared)


def _stored_bytes(result: Result) -> int:
    return sum(int(row["bytes"]) for row in result.tables)
