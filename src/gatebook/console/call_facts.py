"""The overview of one call: every value with the filter that finds or excludes it, and where one can go from here."""

from collections.abc import Sequence

from msgspec import Struct

from gatebook.console import address, times
from gatebook.console.marks import kind_words
from gatebook.console.times import Range
from gatebook.index.rows import CallRow
from gatebook.query import FIELDS
from gatebook.query.writing import both, term

_ALL = Range(preset="all")
_AROUND_US = 86_400 * times.SECOND_US


class Value(Struct, frozen=True, kw_only=True):
    """A value of the overview; `only` finds all calls with it, `exclude` all without. `term` is its filter, for adding it to a query."""

    text: str
    term: str = ""
    only: str = ""
    exclude: str = ""


class Fact(Struct, frozen=True, kw_only=True):
    """One line of the overview."""

    name: str
    values: list[Value]
    mono: bool = False
    technical: bool = False


class Link(Struct, frozen=True, kw_only=True):
    """Somewhere to go."""

    text: str
    href: str
    title: str = ""


def value(field: str, text: str, asked: str | None = None) -> Value:
    """A value that can be filtered by; `asked` is what the filter asks for, where it is shown differently."""
    wanted = text if asked is None else asked
    if field not in FIELDS or not wanted:
        return Value(text=text)
    written = term(field, wanted)
    return Value(text=text, term=written, only=address.explorer(written, _ALL), exclude=address.explorer(f"-{written}", _ALL))


def facts(row: CallRow) -> list[Fact]:
    """All that is known of a call, in the order in which people ask; what is not known is left out."""
    person = f"{row.name} ({row.email})" if row.name and row.email and row.name != row.email else row.name or row.email or row.person
    lines = [
        _one("Person", "person", person, row.person or row.email),
        _many("Groups", "group", row.groups),
        _one("Client", "client", row.client),
        _one("Client version", "client_version", row.client_version),
        _one("Connector", "connector", row.connector),
        _one("Tool", "tool", row.tool),
        _one("Status", "status", row.status.replace("_", " "), row.status),
        _one("Decision", "decision", row.effect),
        _many("Rules that matched", "rule", row.rules),
        Fact(name="Sensitive data", values=[value("finding", kind_words(kind), kind) for kind in row.findings]),
        _many("Severity", "severity", row.severities),
        _one("Error class", "error_class", row.error_class.replace("_", " "), row.error_class),
        _one("HTTP status", "http_status", str(row.http_status or "")),
        _one("JSON-RPC code", "rpc_code", str(row.rpc_code or "")),
        _one("Detail", "", row.detail),
        _one("Records returned", "returned", f"{row.returned:,}" if row.returned else "", str(row.returned)),
        _one("Rounds of this call", "first_round", f"round {row.round_number}" if row.round_first else "", row.round_first),
        _one("Extra answers dropped", "", str(row.extra_answers or "")),
        *_technical(row),
    ]
    return [line for line in lines if any(item.text for item in line.values)]


def _technical(row: CallRow) -> list[Fact]:
    pairs = (
        ("Method", "method", row.method),
        ("Server", "server", row.server),
        ("Credential", "credential", row.credential),
        ("Kind of credential", "credential_kind", row.credential_kind),
        ("Access token", "token", row.token),
        ("Session", "session", row.session),
        ("Source address", "ip", row.ip),
        ("Endpoint", "endpoint", row.endpoint),
        ("Protocol", "protocol", row.protocol),
        ("Transport", "transport", row.transport),
        ("Trace", "trace", row.trace),
        ("Configuration", "bundle", row.bundle),
        ("Tool definition", "tool_hash", row.tool_hash),
        ("Pseudonym", "subject", row.subject),
    )
    lines = [_mono(name, field, text) for name, field, text in pairs]
    hosts = Fact(name="API hosts", values=[value("api_host", host) for host in row.api_hosts], mono=True, technical=True)
    prints = Fact(name="Fingerprints", values=[value("fingerprint", item) for item in row.fingerprints], mono=True, technical=True)
    return [*lines, hosts, prints]


def _mono(name: str, field: str, text: str) -> Fact:
    return Fact(name=name, values=[value(field, text)], mono=True, technical=True)


def _one(name: str, field: str, text: str, asked: str | None = None) -> Fact:
    return Fact(name=name, values=[value(field, text, asked)])


def _many(name: str, field: str, texts: Sequence[str]) -> Fact:
    return Fact(name=name, values=[value(field, text) for text in dict.fromkeys(texts)])


def similar(row: CallRow) -> list[Link]:
    """Questions that come next: the same by whom, with what, to which end."""
    person, connector = term("person", row.person or row.email), term("connector", row.connector)
    tool = both(connector, term("tool", row.tool))
    links: list[tuple[bool, str, str]] = [
        (bool(row.tool and (row.person or row.email)), "This tool, this person", f"{tool} {person}"),
        (bool(row.tool), "This tool, everybody", tool),
        (bool(row.tool) and row.status != "ok", "This tool, the same end", f"{tool} {term('status', row.status)}"),
        (bool(row.error_class), "The same error of this connector", f"{connector} {term('error_class', row.error_class)}"),
        (bool(row.rules) and row.effect in ("blocked", "redacted"), "Decided by the same rule", both(term("rule", row.rules[0] if row.rules else ""), term("decision", row.effect))),
        (bool(row.round_first), "Rounds of this call", term("first_round", row.round_first)),
        (bool(row.trace), "The same trace", term("trace", row.trace)),
    ]  # fmt: skip
    return [Link(text=text, href=address.explorer(query, _ALL), title=query) for known, text, query in links if known]


def investigate(row: CallRow) -> list[Link]:
    """Starts of an investigation; its range is the day before and after the call."""
    starts = (
        ("person", row.person or row.email, "Person"),
        ("session", row.session, "Session"),
        ("tool", row.tool, "Tool"),
        ("connector", row.connector, "Connector"),
        ("ip", row.ip, "Source address"),
    )
    around = Range(since_us=max(0, row.time - _AROUND_US), until_us=row.time + _AROUND_US)
    links = [Link(text=word, href=address.investigation(term(field, held), around), title=held) for field, held, word in starts if held]
    prints = [
        Link(text=f"Value {held[:11]}", href=address.investigation(term("fingerprint", held), _ALL), title=held)
        for held in row.fingerprints[:4]
        if "fingerprint" in FIELDS
    ]
    return links + prints
