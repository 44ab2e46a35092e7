"""An investigation as text: the part that the console's page shows, and a report of one file that holds and prints by itself."""

from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from gatebook import __version__
from gatebook.query.writing import both
from gatebook.reading import pictures
from gatebook.reading.investigation import Investigation
from gatebook.reading.pictures import Link, stamp
from gatebook.reading.tallies import ERRORS

_FIELDS = (
    ("client", "Clients"),
    ("ip", "Source addresses"),
    ("group", "Groups"),
    ("session", "Sessions"),
    ("credential", "Credentials"),
    ("error_class", "Error classes"),
)
_PLACES = (("server", "Connectors' addresses"), ("api_host", "API hosts"))


class About(Struct, frozen=True, kw_only=True):
    """What a report says of itself: of which deployment, for whom and when it was made; `base` is the console's address."""

    deployment: str
    reader: str
    made_us: int
    base: str


def link_to(base: str = "") -> Link:
    """Addresses in the explorer of a console."""

    def link(text: str, since_us: int, until_us: int) -> str:
        return f"{base}/?" + urlencode({**({"q": text} if text else {}), "from": moment_text(since_us), "to": moment_text(until_us)})

    return link


def moment_text(time_us: int) -> str:
    """A time as addresses hold it: microseconds since 1970."""
    return str(time_us)


def body(found: Investigation, link: Link) -> Markup:
    """The investigation as HTML without head: numbers, charts and tables, each number a link."""
    return Markup(_environment().get_template("investigation.html").render(**_values(found, link)))


def document(found: Investigation, about: About) -> str:
    """A report of one file: no script, nothing fetched from anywhere; it prints, and its links lead back into the console."""
    link = link_to(about.base)
    style = Markup((files("gatebook.reading") / "templates" / "report.css").read_text())
    values = _values(found, link)
    return _environment().get_template("report.html").render(about=about, style=style, version=__version__, **values)


def _values(found: Investigation, link: Link) -> dict[str, Any]:
    def at(text: str) -> str:
        return link(text, found.since_us, found.until_us)

    return {
        "case": found,
        "at": at,
        "span": link,
        "both": both,
        "stamp": stamp,
        "size": size,
        "words": pictures.WORDS,
        "errors": ERRORS,
        "timeline": pictures.timeline(found, link),
        "reach": pictures.reach(found, link),
        "bar": lambda entry, top: pictures.bar(entry, top, at),
        "plain_bar": pictures.plain_bar,
        "fields": [(title, found.values.get(field, [])) for field, title in _FIELDS],
        "places": [(title, found.values.get(field, [])) for field, title in _PLACES],
        "labels": [{node.key: node for node in nodes} for nodes in found.reach.layers],
        "command": f"gatebook search '{found.query.replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))} time:{_iso(found.since_us)}..{_iso(found.until_us)}'",
    }  # fmt: skip


def _iso(time_us: int) -> str:
    return f"{stamp(time_us).replace(' ', 'T')}Z"


def size(count: int) -> str:
    """A number of bytes in a unit that fits."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("gatebook.reading"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
