"""What the templates of exports show."""

from collections.abc import Mapping
from typing import get_args

from msgspec import Struct

from gatebook.console import times
from gatebook.console.times import PRESETS, Range, read_range
from gatebook.reading.exports import Estimate
from gatebook.reading.exports_forms import FORMS, Form, FormName
from gatebook.reading.exports_store import Export
from gatebook.reading.room import Question

_CHARACTERS_MAX = 10_000
_UNITS = (("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000))


class Look(Struct, frozen=True, kw_only=True):
    """How a state looks: the shape, colour and word that calls have too."""

    shape: str
    outcome: str
    word: str


_LOOKS = {
    "waiting": Look(shape="clock", outcome="other", word="Waiting"),
    "running": Look(shape="other", outcome="other", word="Writing"),
    "done": Look(shape="ok", outcome="ok", word="Ready"),
    "failed": Look(shape="failed", outcome="failed", word="Failed"),
    "cancelled": Look(shape="cancelled", outcome="other", word="Cancelled"),
    "interrupted": Look(shape="failed", outcome="failed", word="Interrupted"),
    "expired": Look(shape="timeout", outcome="other", word="Expired"),
}


class Order(Struct, frozen=True, kw_only=True):
    """What the form says."""

    text: str = ""
    range: Range = Range(preset=times.DEFAULT_PRESET)
    form: FormName = "csv"
    payloads: bool = False

    @property
    def question(self) -> Question:
        """The calls that are meant."""
        return Question(text=self.text, since_us=self.range.since_us, until_us=self.range.until_us)


class RangeChoice(Struct, frozen=True, kw_only=True):
    """A choice of the time range."""

    name: str
    label: str
    on: bool


class EstimateView(Struct, frozen=True, kw_only=True):
    """A sentence about the size, and why it would be refused or cannot be told."""

    text: str
    problem: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """An export as the list shows it. `again` are the fields of a form that starts it once more."""

    id: str
    look: Look
    form: str
    query: str
    range: str
    payloads: bool
    created: str
    rows: str
    rows_done: int
    rows_total: int
    size: str
    file: str
    digest: str
    expires: str
    problem: str
    unfinished: bool
    ready: bool
    again: dict[str, str]


def read_order(params: Mapping[str, str], now_us: int) -> Order:
    """The fields of the form. Raises RangeError."""
    form = params.get("form", "csv")
    return Order(
        text=params.get("q", "").strip()[: _CHARACTERS_MAX + 1],
        range=read_range(params, now_us),
        form=form if form in get_args(FormName) else "csv",  # type: ignore[arg-type]
        payloads=params.get("payloads") == "1",
    )


def ranges(order: Order) -> list[RangeChoice]:
    """The choices of the time range; one that was given with its ends is kept as it is."""
    return [RangeChoice(name=name, label=_label(name, label), on=name == order.range.preset) for name, (label, _) in PRESETS.items()]


def _label(name: str, label: str) -> str:
    return "Since the book began" if name == "all" else f"Last {label}"


def estimate(found: Estimate, form: Form) -> EstimateView:
    """The estimate in words."""
    if not found.rows:
        return EstimateView(text="No call matches.", problem=found.refusal or "")
    calls = "1 call" if found.rows == 1 else f"{found.rows:,} calls"
    return EstimateView(text=f"{calls}, about {size(found.bytes)} as {form.title}.", problem=found.refusal or "")


def row(export: Export, now_us: int) -> Row:
    """One export."""
    ends = Range(since_us=export.since_us, until_us=export.until_us)
    again = {"q": export.text, "form": export.form, **({"payloads": "1"} if export.payloads else {})}
    written, total = f"{export.rows:,}", f"{export.rows_total:,}"
    return Row(
        id=export.id,
        look=_LOOKS[export.state],
        form=FORMS[export.form].title,
        query=export.text,
        range=ends.words if export.since_us or export.until_us else "since the book began",
        payloads=export.payloads,
        created=times.stamp(export.created_us),
        rows=written if export.state == "done" else f"{written} of {total}",
        rows_done=export.rows,
        rows_total=max(1, export.rows_total),
        size=size(export.bytes) if export.bytes else "",
        file=export.file or "",
        digest=export.sha256 or "",
        expires=_left(export, now_us),
        problem=export.problem or "",
        unfinished=export.unfinished,
        ready=export.state == "done",
        again={**again, **(ends.params if export.since_us or export.until_us else {"range": "all"})},
    )


def _left(export: Export, now_us: int) -> str:
    if export.state != "done" or export.expires_us is None:
        return ""
    minutes = max(0, (export.expires_us - now_us) // 60_000_000)
    return f"deleted in {minutes // 60} h" if minutes >= 120 else f"deleted in {minutes} min"


def size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1000:
        return f"{count} B"
    value, unit = next(((count / step, unit) for unit, step in _UNITS if count < step * 1000), (count / _UNITS[-1][1], _UNITS[-1][0]))
    return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
