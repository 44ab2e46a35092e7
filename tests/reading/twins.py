"""Two books that differ only in what an access hides, and every way in which somebody may try to tell them apart."""

import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace

from gatebook.identity.access import Access
from gatebook.index.rows import FullRow
from gatebook.query.fields import FIELDS, ORDERED
from gatebook.query.groups import COLUMN_GROUP, GROUP_OF
from gatebook.query.paths import SEPARATOR

BEGIN_US = 1_790_000_000_000_000
STEP_US = 61_000_000
_DAY = {"since": str(BEGIN_US), "until": str(BEGIN_US + 86_400_000_000)}
_CHOICES = {
    "status": ("ok", "tool_error", "blocked", "timeout"),
    "transport": ("ok", "timeout"),
    "error_class": ("", "auth", "permission"),
    "effect": ("allowed", "blocked", "redacted"),
    "payload": ("none",),
    "actor_kind": ("person", "service"),
}
_KEEP = {"call_id", "time", "subject", "payload", "stream", "finished", "round_number"}


def secrets_of(dice: random.Random, book: str, columns: Iterator[str] | list[str]) -> dict[str, Any]:
    """Values for columns that stand in one of the books only, or as often in another way."""
    made: dict[str, Any] = {}
    for column in columns:
        if column in _KEEP:
            continue
        default = next(value for name, value in _DEFAULTS.items() if name == column)
        if column in _CHOICES:
            made[column] = dice.choice(_CHOICES[column])
        elif isinstance(default, bool):
            made[column] = dice.random() < 0.5
        elif isinstance(default, int):
            made[column] = dice.choice((0, 3, 404, 50_000, 2_000_000))
        elif isinstance(default, tuple):
            texts = [f"{book}{column[:4]}{number}" for number in range(dice.randint(0, 3))]
            made[column] = tuple(dice.randint(200, 299) for _ in texts) if column == "api_statuses" else tuple(texts)
        else:
            made[column] = (
                f"{book} {column} {dice.choice('xyz')}"
                if column in ("arguments", "response")
                else f"{book}{column[:5]}{dice.randint(0, 3)}"
            )
    if "args" in made:
        made["args"] = tuple(f"limit{SEPARATOR}{dice.randint(1, 9)}" for _ in range(1)) + (f"{book}key{SEPARATOR}{book}value",)
    return made


_DEFAULTS = {name: getattr(FullRow(call_id="", time=0), name) for name in FullRow.__struct_fields__}


def rows(access: Access, subjects: list[str], book: str, count: int = 40) -> list[FullRow]:
    """The rows of one of the books: what the access shows is the same in both, what it hides is made for this one."""
    shared, own = random.Random(11), random.Random(f"secret {book}")
    made = []
    for number in range(count):
        subject = subjects[number % len(subjects)]
        time_us = BEGIN_US + number * STEP_US
        base = FullRow(call_id=call_of(number), time=time_us, finished=time_us + 1000, subject=subject, stream="node1-w0")
        row = replace(base, **secrets_of(shared, "same", list(COLUMN_GROUP)))
        hidden = [column for column in access.hidden_columns(subject) if column not in _KEEP]
        made.append(replace(row, **secrets_of(own, book, hidden)))
    return made


def call_of(number: int) -> str:
    """The id of a call of the books."""
    return f"01990000-0000-7000-8000-{number:012x}"


def strangers(access: Access, subjects: list[str], book: str, count: int = 40) -> list[FullRow]:
    """Calls that the access does not list at all: between those that it lists, and in one of the books only."""
    if access.reach == "all" or book == "left":
        return []
    unseen = [subject for subject in subjects if not access.lists(subject)]
    dice = random.Random(f"strangers {book}")
    base = [FullRow(call_id=call_of(4096 + number), time=BEGIN_US + number * STEP_US + 7, finished=BEGIN_US + number * STEP_US + 8, subject=unseen[number % len(unseen)], stream="node1-w1") for number in range(count)]  # fmt: skip
    return [replace(row, **secrets_of(dice, dice.choice(("left", "right")), list(COLUMN_GROUP))) for row in base]


def attempts(access: Access, share: int, turn: int) -> Iterator[tuple[str, dict[str, str]]]:
    """One in `share` of all attempts, beginning with that of `turn`, so that readers who see alike try different ones."""
    for number, attempt in enumerate(_attempts(access)):
        if number % share == turn % share:
            yield attempt


def _attempts(access: Access) -> Iterator[tuple[str, dict[str, str]]]:
    """Addresses of the API with their parameters: each field that is hidden somewhere, in every way in which one can be asked for."""
    texts = ["", "status:ok", "lefta", '"righta argum"', "argum*", "-lefta", "(lefta OR righta)", "*ight*"]
    for name in [*FIELDS, "args"]:
        group = GROUP_OF.get(name)
        if group is None or access.shown.groups.get(group) != "all":
            texts.extend(_texts(name))
    for text in texts:
        yield "/api/v1/calls", {"q": text, "count": "1", "limit": "20", **_DAY}
    for text in texts[::7]:
        yield "/api/v1/histogram", {"q": text, "step_s": "600", **_DAY}
        yield "/api/v1/facets", {"q": text, "fields": "status,connector,tool,client", **_DAY}
    for name, field in FIELDS.items():
        if field.kind not in ORDERED and field.kind not in ("text", "uuid"):
            yield "/api/v1/facets", {"fields": name, **_DAY}
            yield "/api/v1/histogram", {"by": name, "step_s": "600", **_DAY}
            yield "/api/v1/values", {"field": name, **_DAY}
            yield "/api/v1/complete", {"q": f"{name}:", "at": str(len(name) + 1), **_DAY}
        if field.kind == "word":
            yield "/api/v1/values", {"field": name, "contains": "lef", **_DAY}
            yield "/api/v1/complete", {"q": f"status:ok {name}:rig", "at": str(len(name) + 14), **_DAY}
    for number in (0, 1, 2, 3, 4, 25, 39, 4096, 4100):
        yield f"/api/v1/calls/{call_of(number)}/context", {"n": "5"}
        yield "/api/v1/calls", {"q": f"call:{call_of(number)}", "count": "1"}
    for path in ("/api/v1/values", "/api/v1/complete"):
        yield path, {"field": "args", **_DAY} if path.endswith("values") else {"q": "args.", "at": "5", **_DAY}
    for text in ("", "connector:*", "status:blocked", "person:lefta*", "-decision:allowed"):
        yield "/api/v1/investigation", {"q": text, **_DAY}
        yield "/api/v1/investigation/report.json", {"q": text, **_DAY}
        yield "/api/v1/trends", {"q": text, **_DAY}
        yield "/api/v1/exports/estimate", {"q": text, "form": "ndjson", **_DAY}


def _texts(name: str) -> Iterator[str]:
    if name == "args":
        for book in ("left", "right"):
            yield from (
                f"args.{book}key:{book}value",
                f"-args.{book}key:*",
                f"args.{book}key:*alue",
                f"NOT (args.limit:>4 AND args.{book}key:*)",
            )
        yield from ("args.limit:>3", "args.limit:2..6", "-args.limit:5")
        return
    field = FIELDS[name]
    if field.kind in ORDERED:
        yield from (f"{name}:>100", f"{name}:<=404", f"-{name}:>1000", f"NOT (status:ok AND {name}:>3)", f"{name}:*", f"-{name}:*")
    elif field.kind == "flag":
        yield from (f"{name}:true", f"-{name}:true", f"{name}:false")
    elif field.kind == "text":
        yield from (f"{name}:left*", f"-{name}:right*", f"{name}:*gum*", f"{name}:*")
    elif field.kind == "uuid":
        yield f"{name}:01990000-0000-7000-8000-000000000003"
    elif field.choices:
        yield from (f"{name}:{field.choices[0]}", f"-{name}:{field.choices[0]}", f"{name}:({', '.join(field.choices[:2])})", f"-{name}:*")
    else:
        column = field.columns[0][:4] if field.many else field.columns[0][:5]
        for book in ("left", "right"):
            value = f"{book}{column}1"
            yield from (
                f"{name}:{value}",
                f"-{name}:{value}",
                f"connector:* -(status:ok {name}:{value})",
                f"{name}:{value} OR status:blocked",
            )
        yield from (f"{name}:left*", f"-{name}:*ght*", f"{name}:*", f"-{name}:*")


def plain(status: int, body: str) -> str:
    """An answer without the id of its snapshot, which is drawn anew for each."""
    text = re.sub(r'"snapshot":"[0-9a-f]{16}"', '"snapshot":""', body)
    return f"{status} {text}"


def query_string(params: dict[str, str]) -> str:
    """Parameters as an address has them."""
    return urlencode(params)
