"""The charts of an investigation, from its numbers: the same on the screen and in a report. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias

from markupsafe import Markup

from gatebook.charts import bars, columns
from gatebook.charts import reach as reach_chart
from gatebook.charts.columns import Column, Piece, Plot
from gatebook.charts.frame import Note, Tick
from gatebook.charts.reach import Layer, Node, Way
from gatebook.query.writing import both
from gatebook.reading.investigation import Investigation
from gatebook.reading.tallies import ERRORS, OUTCOMES, Entry

Link: TypeAlias = Callable[[str, int, int], str]
"""The address of the calls of a query in `[since_us, until_us)`; empty where there is nothing to lead to."""

WORDS: Final = {"ok": "OK", "redacted": "Redacted", "blocked": "Blocked", "failed": "Failed", "other": "Open or cancelled"}
_STEPS_S: Final = (60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 7_776_000)
_TICKS_MAX: Final = 8


def timeline(found: Investigation, link: Link) -> Markup:
    """Calls by outcome over time, with the changes of configuration."""
    made = []
    for moment in found.timeline.moments:
        span = (moment.since_us, moment.until_us)
        when = f"{stamp(span[0])} to {stamp(span[1])} UTC"
        pieces = tuple(
            Piece(
                name=name,
                count=moment.counts.get(name, 0),
                label=f"{when}: {moment.counts.get(name, 0):,} {word.lower()}",
                href=link(both(found.query, OUTCOMES[name][0]), *span),
            )
            for name, word in WORDS.items()
        )
        total = sum(moment.counts.values())
        made.append(Column(label=f"{when}: {total:,} call{'' if total == 1 else 's'}", pieces=pieces, href=link(found.query, *span)))
    length = found.until_us - found.since_us
    notes = tuple(
        Note(share=(change.time_us - found.since_us) / length, label=f"{stamp(change.time_us)} UTC: {change.text}")
        for change in found.timeline.changes
    )
    words = ", ".join(f"{tally.count:,} {tally.label.lower()}" for tally in found.outcomes if tally.count)
    plot = Plot(
        label=f"Calls over time: {words or 'none'}", width=1120, height=170, ticks=ticks(found.since_us, found.until_us), notes=notes
    )
    return columns.columns(made, plot)


def reach(found: Investigation, link: Link) -> Markup:
    """Who reached what, as layers."""
    titles = ("People", "Connector and tool", "Connector's address", "API host")
    layers = [
        Layer(
            title=title,
            nodes=tuple(
                Node(
                    key=node.key,
                    label=node.label,
                    count=node.count,
                    href=link(node.query, found.since_us, found.until_us),
                    bad=node.blocked,
                )
                for node in nodes
            ),
        )
        for title, nodes in zip(titles, found.reach.layers, strict=False)
    ]
    edges = [
        Way(layer=edge.layer, start=edge.start, end=edge.end, count=edge.count, href=link(edge.query, found.since_us, found.until_us))
        for edge in found.reach.edges
    ]
    counts = ", ".join(f"{len(layer.nodes)} {layer.title.lower()}" for layer in layers)
    return reach_chart.reach(layers, edges, f"Who reached what: {counts}. The table below has the same numbers.")


def bar(entry: Entry, top: int, link: Callable[[str], str]) -> Markup:
    """The bar of one entry: what was blocked, what failed, and the others."""
    rest = entry.count - entry.blocked - entry.errors
    others = both(entry.query, "-status:blocked", f"-{ERRORS}")
    pieces = [
        Piece(name="ok", count=rest, label=f"{rest:,} neither blocked nor failed", href=link(others)),
        Piece(name="blocked", count=entry.blocked, label=f"{entry.blocked:,} blocked", href=link(entry.tally("blocked").query)),
        Piece(name="failed", count=entry.errors, label=f"{entry.errors:,} failed", href=link(entry.tally("errors").query)),
    ]
    return bars.bar(pieces, top, f"{entry.label}: {entry.count:,} calls")


def plain_bar(count: int, top: int, label: str, name: str = "c0") -> Markup:
    """A bar of one number."""
    return bars.bar([Piece(name=name, count=count, label=f"{label}: {count:,}")], top, f"{label}: {count:,}")


def ticks(since_us: int, until_us: int, most: int = _TICKS_MAX) -> tuple[Tick, ...]:
    """Round moments (UTC) of a range, as exact as it asks for."""
    span_s = max(1, (until_us - since_us) // 1_000_000)
    step_s = next((step for step in _STEPS_S if span_s <= step * most), _STEPS_S[-1] * (1 + span_s // (_STEPS_S[-1] * most)))
    form = "%H:%M" if step_s < 86_400 and span_s <= 172_800 else "%-d %b" if step_s >= 86_400 else "%-d %b %H:%M"
    first = -(-since_us // (step_s * 1_000_000)) * step_s * 1_000_000
    places = [(at, (at - since_us) / (until_us - since_us)) for at in range(first, until_us, step_s * 1_000_000)]
    return tuple(Tick(share=share, word=f"{_utc(at):{form}}") for at, share in places if 0.02 <= share <= 0.98)


def stamp(time_us: int) -> str:
    """Date and time to the second, UTC."""
    return f"{_utc(time_us):%Y-%m-%d %H:%M:%S}"


def _utc(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)
