"""What the pages of people show, in words. What a connector, a client or a person wrote is shown with hidden characters written out, and never long."""

from collections.abc import Iterable
from itertools import groupby
from urllib.parse import quote, urlencode

from msgspec import Struct

from gatebook.console.address import explorer
from gatebook.console.connectors_view import NAME_CHARACTERS_MAX, moment
from gatebook.console.looks import Look
from gatebook.console.role_names import role_list
from gatebook.console.times import Range, ago
from gatebook.console.zones import Zone
from gatebook.definitions.key import key_of
from gatebook.definitions.telling import one_line
from gatebook.identity.access import Accesses
from gatebook.identity.roles import held_by
from gatebook.identity.tokens import PREFIXES
from gatebook.policy.explain import StepKind
from gatebook.policy.reach import Reach
from gatebook.query.writing import both, term
from gatebook.reading.people_facts import OUTCOMES, PersonDetail, PersonFacts, PersonTools, TokenFacts, ToolMay
from gatebook.reading.tool_activity import DAY_US
from gatebook.state.snapshot import Person

TOOLS_MAX = 2_000
_REASON_CHARACTERS_MAX = 500
_OF_APP = "of an AI app that they let act for them"
_RULES_MAX = 3
LOOKS: dict[Reach, Look] = {
    "allowed": Look(outcome="ok", shape="ok", word="Allowed"),
    "conditional": Look(outcome="failed", shape="filter", word="Conditional"),
    "pending": Look(outcome="other", shape="clock", word="Pending"),
    "denied": Look(outcome="blocked", shape="blocked", word="Denied"),
}
MEANINGS: dict[Reach, str] = {
    "allowed": "Every call goes through, maybe with redactions",
    "conditional": "It depends on the call: arguments, time, network or counts",
    "pending": "Every call waits for an approval",
    "denied": "Every call is refused",
}
_ACTIVE = {True: Look(outcome="ok", shape="ok", word="Active"), False: Look(outcome="blocked", shape="cancelled", word="Not active")}
_KINDS = {"person": "Person", "service": "Service account"}


class Ruling(Struct, frozen=True, kw_only=True):
    """What decides; `href` leads to it, where the viewer may go there."""

    text: str
    href: str


class MayCount(Struct, frozen=True, kw_only=True):
    """Tools of one outcome, and the way to them."""

    look: Look
    meaning: str
    count: int
    href: str
    on: bool = False


class PersonRow(Struct, frozen=True, kw_only=True):
    """One person in the list, and the head of their page."""

    id: str
    href: str
    name: str
    email: str
    groups: str
    kind: str
    look: Look
    may: tuple[MayCount, ...]
    calls: str
    calls_href: str
    last: str


class Standing(Struct, frozen=True, kw_only=True):
    """Where a person comes from and stands: empty where nothing is known."""

    roles: str
    kept_by: str
    department: str
    manager: str
    manager_href: str


class ToolLine(Struct, frozen=True, kw_only=True):
    """One tool in the matrix."""

    name: str
    key: str
    href: str
    look: Look
    meaning: str
    rulings: tuple[Ruling, ...]
    more: int
    reason: str
    last: str
    why: str


class ConnectorGroup(Struct, frozen=True, kw_only=True):
    """The tools of one connector."""

    name: str
    href: str
    tools: list[ToolLine]


class TokenLine(Struct, frozen=True, kw_only=True):
    """An access token."""

    id: str
    prefix: str
    name: str
    look: Look
    created: str
    expires: str
    used: str


class GrantLine(Struct, frozen=True, kw_only=True):
    """Access for a time."""

    text: str
    href: str
    until: str
    by: str


class PackLine(Struct, frozen=True, kw_only=True):
    """A tool pack that the person is given."""

    name: str
    tools: str
    by: str


def address_of(id: str, more: str = "", **params: str) -> str:
    """The page of a person, or one below it."""
    asked = urlencode({name: value for name, value in params.items() if value})
    return f"/people/{quote(id, safe='@')}{more}" + (f"?{asked}" if asked else "")


def person_row(facts: PersonFacts, now_us: int, *, days: int = 30, outcome: str = "", own: bool = False) -> PersonRow:
    """The row of a person, whose calls are counted over so many days. `own`: the addresses are those of the viewer's own page."""
    query, range_ = both(term("person", facts.id), "method:tools/call"), Range(since_us=now_us - days * DAY_US)
    id = "me" if own else facts.id
    return PersonRow(
        id=facts.id,
        href=address_of(id),
        name=one_line(facts.name or facts.id, NAME_CHARACTERS_MAX),
        email=one_line(facts.email, NAME_CHARACTERS_MAX) or "–",
        groups=", ".join(one_line(group, NAME_CHARACTERS_MAX) for group in facts.groups) or "none",
        kind=_KINDS[facts.kind],
        look=_ACTIVE[facts.active],
        may=tuple(
            MayCount(
                look=LOOKS[one],
                meaning=MEANINGS[one],
                count=facts.may.get(one, 0),
                href=address_of(id, outcome=one),
                on=one == outcome,
            )
            for one in OUTCOMES
        ),
        calls="–" if facts.calls is None else f"{facts.calls:,}",
        calls_href=explorer(query, range_),
        last="–" if facts.calls is None else last_words(facts.last_us, now_us, days),
    )


def standing(id: str, accesses: Accesses) -> Standing:
    """Where somebody stands, as the directory says and roles are given."""
    person = accesses.people.get(id, Person(id=id))
    manager = accesses.people.get(person.manager or "")
    return Standing(
        roles="" if person.kind == "service" else role_list(held_by(person.id, person.groups, accesses.roles)),
        kept_by="The directory" if person.source == "scim" else "By hand",
        department=one_line(person.department or "", NAME_CHARACTERS_MAX),
        manager=one_line(manager.name or manager.id, NAME_CHARACTERS_MAX) if manager else "",
        manager_href=address_of(manager.id) if manager else "",
    )


def matrix(found: PersonTools, now_us: int, *, own: bool, reads_all: bool) -> list[ConnectorGroup]:
    """The tools by connector, at most TOOLS_MAX."""
    id = "me" if own else found.person
    return [
        ConnectorGroup(
            name=name,
            href=f"/connectors/{quote(name, safe='')}" if reads_all else "",
            tools=[_tool_line(id, one, now_us, reads_all) for one in tools],
        )
        for name, tools in groupby(found.tools[:TOOLS_MAX], key=lambda one: one.connector)
    ]


def _tool_line(id: str, one: ToolMay, now_us: int, reads_all: bool) -> ToolLine:
    rulings = tuple(ruling(rule.id, rule.kind, (one.connector, one.tool), reads_all) for rule in one.rules)
    return ToolLine(
        name=one_line(one.tool, NAME_CHARACTERS_MAX),
        key=f"{one.connector}/{one.key}",
        href=tool_address(one.connector, one.tool) if reads_all else "",
        look=LOOKS[one.outcome],
        meaning=MEANINGS[one.outcome],
        rulings=rulings[:_RULES_MAX],
        more=len(rulings) - len(rulings[:_RULES_MAX]),
        reason=one_line(one.reason, _REASON_CHARACTERS_MAX),
        last="–" if one.calls is None else last_words(one.last_us, now_us, 90),
        why=address_of(id, "/why", connector=one.connector, tool=one.key),
    )


def tool_address(connector: str, tool: str) -> str:
    """The page of a tool."""
    return f"/connectors/{quote(connector, safe='')}/tools/{quote(key_of(tool), safe='')}"


def ruling(rule: str, kind: StepKind, about: tuple[str, str], reads_all: bool) -> Ruling:
    """What decides about a tool, `(connector, name)`, with the way to it for those who may go there."""
    connector, tool = about
    href = ""
    if kind == "grant":
        href = "/requests"
    elif reads_all and kind == "rule":
        href = f"/policies/{quote(rule, safe='')}"
    elif reads_all and kind == "connector":
        href = f"/connectors/{quote(connector, safe='')}"
    elif reads_all and kind == "definition":
        href = tool_address(connector, tool)
    return Ruling(text=one_line(rule, NAME_CHARACTERS_MAX), href=href)


def token_lines(tokens: Iterable[TokenFacts], zone: Zone, now_us: int) -> list[TokenLine]:
    """The tokens of a person."""
    return [
        TokenLine(
            id=one.id,
            prefix=one.prefix,
            name=one_line(one.name, NAME_CHARACTERS_MAX) or (_OF_APP if one.prefix.startswith(PREFIXES["oauth"]) else ""),
            look=_token_look(one, now_us),
            created=moment(one.created_us, zone),
            expires=moment(one.expires_us, zone) if one.expires_us else "never",
            used=ago(now_us - one.last_used_us) if one.last_used_us else "not known",
        )
        for one in tokens
    ]


def _token_look(one: TokenFacts, now_us: int) -> Look:
    if one.revoked_us is not None:
        return Look(outcome="blocked", shape="blocked", word="Revoked")
    if one.expires_us is not None and one.expires_us <= now_us:
        return Look(outcome="other", shape="timeout", word="Expired")
    return Look(outcome="ok", shape="ok", word="In force")


def grant_lines(detail: PersonDetail, zone: Zone) -> list[GrantLine]:
    """Access for a time that is in force."""
    return [
        GrantLine(
            text=f"{one_line(one.tool, NAME_CHARACTERS_MAX)} of {one_line(one.connector, NAME_CHARACTERS_MAX)}",
            href=f"/access/{quote(one.call, safe='')}",
            until=moment(one.until_us, zone),
            by=one.decided_by or "–",
        )
        for one in detail.grants
    ]


def pack_lines(detail: PersonDetail) -> list[PackLine]:
    """The tool packs that the person is given."""
    return [
        PackLine(name=one.name, tools=_patterns(one.tools), by=", ".join(one_line(by, NAME_CHARACTERS_MAX) for by in one.by))
        for one in detail.packs
    ]


def _patterns(tools: dict[str, tuple[str, ...]]) -> str:
    return one_line("; ".join(f"{connector}: {', '.join(patterns)}" for connector, patterns in tools.items()), _REASON_CHARACTERS_MAX)


def last_words(last_us: int | None, now_us: int, days: int) -> str:
    """When the last call was."""
    return ago(now_us - last_us) if last_us else f"none in {days} days"


def page_links(path: str, params: dict[str, str], page: int, pages: int) -> tuple[str, str]:
    """The addresses of the page before and the next one; empty where there is none."""

    def link(number: int) -> str:
        asked = urlencode({**params, **({"page": str(number)} if number > 1 else {})})
        return f"{path}?{asked}" if asked else path

    return link(page - 1) if page > 1 else "", link(page + 1) if page < pages else ""
