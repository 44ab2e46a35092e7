"""What the page of trends shows: each chart with its links and its table."""

from collections.abc import Callable, Sequence

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import bars, columns
from gatebook.charts.columns import Column, Piece, Plot
from gatebook.charts.frame import rounded_up
from gatebook.console import times
from gatebook.query.writing import both
from gatebook.reading import pictures
from gatebook.reading.tallies import Tally
from gatebook.reading.trends import Latency, Riser, Series, Span, Trends

_TITLES = {"rule": "By rule", "person": "By person", "connector": "By connector"}
_KINDS = {"person": "Person", "tool": "Tool", "connector": "Connector"}
_Link = Callable[[str, int, int], str]


class Key(Struct, frozen=True, kw_only=True):
    """An entry of a legend."""

    name: str
    label: str
    count: int
    href: str
    share: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """A line of the table beside a chart."""

    label: str
    href: str
    cells: list[int]


class Chart(Struct, frozen=True, kw_only=True):
    """A chart, its legend and its table."""

    title: str
    lead: str
    svg: Markup
    keys: list[Key]
    head: list[str]
    rows: list[Row]


class Multiple(Struct, frozen=True, kw_only=True):
    """One of the small charts that share a scale."""

    label: str
    count: int
    href: str
    svg: Markup


class Multiples(Struct, frozen=True, kw_only=True):
    """Small charts of one field on one scale, whose top is `top`."""

    title: str
    top: int
    items: list[Multiple]
    head: list[str]
    rows: list[Row]


class RiserLine(Struct, frozen=True, kw_only=True):
    """What rose from the week before to the last."""

    kind: str
    label: str
    now: int
    before: int
    change: str
    now_href: str
    before_href: str
    bar: Markup


class LatencyLine(Struct, frozen=True, kw_only=True):
    """How one connector answered."""

    connector: str
    href: str
    count: int
    p50: str
    p95: str
    p95_href: str
    rate: str
    errors: int
    errors_href: str
    bar: Markup
    spark: Markup


class TrendsView(Struct, frozen=True, kw_only=True):
    """The whole page."""

    governed: Chart
    findings: Chart
    violations: list[Multiples]
    risers: list[RiserLine]
    weeks: str
    too_few: int
    latency: list[LatencyLine]
    clients: Chart
    words: str


def view(found: Trends, link: _Link) -> TrendsView:
    """Make the view."""

    def at(text: str) -> str:
        return link(text, found.since_us, found.until_us)

    top_us = max((line.p95_us for line in found.latency), default=0)
    most = max((riser.now for riser in found.risers), default=0)
    return TrendsView(
        governed=_stacked(found, found.governed, ("Blocked against redacted", "Calls that governance stopped, and calls that it changed."), ["blocked", "redacted"], link),
        findings=_stacked(
            found, found.findings, ("Findings by type", "Calls with sensitive data; a call with several types counts for each."),
            [f"c{number}" for number in range(len(found.findings))], link,
        ),
        violations=[_multiples(found, group.field, group.series, link) for group in found.violations],
        risers=[_riser(riser, found.weeks, most, link) for riser in found.risers],
        weeks=f"{times.stamp(found.weeks[1].since_us)[:10]} to {times.stamp(found.weeks[1].until_us)[:10]}, against the seven days before",
        too_few=found.too_few,
        latency=[_latency(line, top_us, at) for line in found.latency],
        clients=_clients(found.clients, at),
        words=f"{times.stamp(found.since_us)} to {times.stamp(found.until_us)} UTC",
    )  # fmt: skip


def _span_words(span: Span) -> str:
    return f"{times.stamp(span.since_us)} to {times.stamp(span.until_us)} UTC"


def _stacked(found: Trends, series: Sequence[Series], words: tuple[str, str], names: Sequence[str], link: _Link) -> Chart:
    made, rows = [], []
    for number, span in enumerate(found.spans):
        ends = (span.since_us, span.until_us)
        pieces = tuple(
            Piece(
                name=name,
                count=line.counts[number],
                label=f"{_span_words(span)}: {line.counts[number]:,} {line.label}",
                href=link(line.query, *ends),
            )
            for name, line in zip(names, series, strict=True)
        )
        total = sum(piece.count for piece in pieces)
        made.append(Column(label=f"{_span_words(span)}: {total:,}", pieces=pieces, href=link(found.query, *ends)))
        if total:
            rows.append(Row(label=times.stamp(span.since_us), href=link(found.query, *ends), cells=[piece.count for piece in pieces]))
    keys = [
        Key(name=name, label=line.label, count=line.count, href=link(line.query, found.since_us, found.until_us))
        for name, line in zip(names, series, strict=True)
    ]
    told = ", ".join(f"{key.count:,} {key.label.lower()}" for key in keys) or "none"
    plot = Plot(label=f"{words[0]}: {told}", width=720, height=170, ticks=pictures.ticks(found.since_us, found.until_us, 6))
    return Chart(
        title=words[0], lead=words[1], svg=columns.columns(made, plot), keys=keys, head=["From (UTC)", *(line.label for line in series)], rows=rows
    )  # fmt: skip


def _multiples(found: Trends, field: str, series: Sequence[Series], link: _Link) -> Multiples:
    top = int(rounded_up(max((max(line.counts, default=0) for line in series), default=0)))
    items, rows = [], []
    for line in series:
        made = [
            Column(
                label=f"{line.label}, {_span_words(span)}: {count:,}",
                href=link(line.query, span.since_us, span.until_us),
                pieces=(Piece(name="c0", count=count, label=f"{line.label}, {_span_words(span)}: {count:,}", href=link(line.query, span.since_us, span.until_us)),),
            )
            for span, count in zip(found.spans, line.counts, strict=True)
        ]  # fmt: skip
        plot = Plot(label=f"{line.label}: {line.count:,} violations over time", width=220, height=56, top=top)
        items.append(
            Multiple(
                label=line.label, count=line.count, href=link(line.query, found.since_us, found.until_us), svg=columns.multiple(made, plot)
            )
        )
    for number, span in enumerate(found.spans):
        cells = [line.counts[number] for line in series]
        if any(cells):
            text = both(found.query, "decision:(blocked, redacted)")
            rows.append(Row(label=times.stamp(span.since_us), href=link(text, span.since_us, span.until_us), cells=cells))
    return Multiples(title=_TITLES[field], top=top, items=items, head=["From (UTC)", *(line.label for line in series)], rows=rows)


def _riser(riser: Riser, weeks: Sequence[Span], most: int, link: _Link) -> RiserLine:
    return RiserLine(
        kind=_KINDS[riser.field],
        label=riser.label,
        now=riser.now,
        before=riser.before,
        change=f"+{riser.change:.0%}" if riser.change is not None else "new" if not riser.before else f"+{riser.now - riser.before:,}",
        now_href=link(riser.query, weeks[1].since_us, weeks[1].until_us),
        before_href=link(riser.query, weeks[0].since_us, weeks[0].until_us),
        bar=bars.bar(
            [
                Piece(name="other", count=riser.before, label=f"{riser.before:,} the week before"),
                Piece(name="c1", count=riser.now - riser.before, label=f"{riser.now - riser.before:,} more"),
            ],
            most,
            f"{riser.label}: {riser.before:,}, then {riser.now:,}",
        ),
    )


def _latency(line: Latency, top_us: int, at: Callable[[str], str]) -> LatencyLine:
    slow = both(line.query, f"duration:>={max(1, line.p95_us)}us")
    worst = max((value for value in line.p95_over_time if value is not None), default=0)
    return LatencyLine(
        connector=line.connector,
        href=at(line.query),
        count=line.count,
        p50=times.duration(line.p50_us),
        p95=times.duration(line.p95_us),
        p95_href=at(slow),
        rate=f"{line.errors / line.count:.1%}" if line.count else "–",
        errors=line.errors,
        errors_href=at(line.errors_query),
        bar=bars.bar(
            [
                Piece(name="c2", count=line.p50_us, label=f"p50 {times.duration(line.p50_us)}", href=at(line.query)),
                Piece(name="c4", count=max(0, line.p95_us - line.p50_us), label=f"p95 {times.duration(line.p95_us)}", href=at(slow)),
            ],
            top_us,
            f"{line.connector}: p50 {times.duration(line.p50_us)}, p95 {times.duration(line.p95_us)}",
        ),
        spark=columns.sparkline([value or 0 for value in line.p95_over_time], f"p95 over time, {times.duration(worst)} at most"),
    )


def _clients(clients: Sequence[Tally], at: Callable[[str], str]) -> Chart:
    total = sum(client.count for client in clients) or 1
    names = [f"c{number}" if client.value else "other" for number, client in enumerate(clients)]
    pieces = [
        Piece(name=name, count=client.count, label=f"{client.label}: {client.count:,} ({client.count / total:.0%})", href=at(client.query))
        for name, client in zip(names, clients, strict=True)
    ]
    keys = [
        Key(name=name, label=client.label, count=client.count, href=at(client.query), share=f"{client.count / total:.0%}")
        for name, client in zip(names, clients, strict=True)
    ]
    label = "Share of clients: " + (", ".join(piece.label for piece in pieces) or "no calls")
    return Chart(title="Share of clients", lead="Calls by AI app.", svg=bars.share(pieces, label), keys=keys, head=[], rows=[])
