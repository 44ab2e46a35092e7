"""What the pages about tokens and service accounts show, in words, and what their forms mean. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from gatebook.console.connectors_view import NAME_CHARACTERS_MAX, moment
from gatebook.console.looks import Look
from gatebook.console.people_view import address_of
from gatebook.console.times import ago
from gatebook.console.zones import Zone
from gatebook.definitions.telling import one_line
from gatebook.identity.scopes import ALL_CONNECTORS, READ_BOOK, for_connector
from gatebook.reading.token_room import Account, Kind, TokenRow, TokenState

_DAY_US: Final = 86_400_000_000
DAYS: Final = (7, 30, 90, 180, 365)
DAYS_DEFAULT: Final = 90
NEVER: Final = "never"
_SCOPES_SHOWN: Final = 3
STATES: Final[Mapping[TokenState, Look]] = {
    "valid": Look(outcome="ok", shape="ok", word="Valid"),
    "expired": Look(outcome="other", shape="timeout", word="Expired"),
    "revoked": Look(outcome="blocked", shape="blocked", word="Revoked"),
    "suspended": Look(outcome="failed", shape="failed", word="Suspended"),
}
_ACTIVE: Final = Look(outcome="ok", shape="ok", word="Active")
KINDS: Final[Mapping[Kind, str]] = {"personal": "Person", "service": "Service account", "oauth": "AI app"}
_SCOPE_WORDS: Final = {ALL_CONNECTORS: "all connectors", READ_BOOK: "reading the book"}


class TokenLine(Struct, frozen=True, kw_only=True):
    """A token in a list. `soon`: it expires within a week. `live`: it can be revoked."""

    id: str
    prefix: str
    name: str
    whose: str
    whose_href: str
    kind: str
    answers: str
    scopes: str
    scopes_title: str
    look: Look
    created: str
    expires: str
    expires_title: str
    soon: bool
    used: str
    live: bool


class AccountLine(Struct, frozen=True, kw_only=True):
    """A service account in a list."""

    id: str
    href: str
    name: str
    groups: str
    owner: str
    owner_href: str
    look: Look
    tokens: int
    used: str
    active: bool


class FormError(ValueError):
    """A form says what cannot be; the text is for people."""


class Form(Struct, frozen=True, kw_only=True):
    """What somebody has filled in to make a token."""

    name: str = ""
    reach: str = ALL_CONNECTORS
    connectors: tuple[str, ...] = ()
    book: bool = False
    days: str = str(DAYS_DEFAULT)
    reason: str = ""


def token_lines(tokens: Iterable[TokenRow], zone: Zone, now_us: int, *, reads_people: bool) -> list[TokenLine]:
    """The tokens of a list; whose they are is a link for those who may go there."""
    return [_token_line(one, zone, now_us, reads_people) for one in tokens]


def _token_line(one: TokenRow, zone: Zone, now_us: int, reads_people: bool) -> TokenLine:
    left_us = None if one.expires_us is None else one.expires_us - now_us
    return TokenLine(
        id=one.id,
        prefix=one.prefix,
        name=one_line(one.name, NAME_CHARACTERS_MAX),
        whose=one_line(one.person_name or one.person, NAME_CHARACTERS_MAX),
        whose_href=address_of(one.person) if reads_people else "",
        kind=KINDS[one.kind],
        answers=one.owner or "",
        scopes=scopes_words(one.scopes),
        scopes_title=" ".join(one.scopes) or "All that its owner may do",
        look=STATES[one.state],
        created=moment(one.created_us, zone),
        expires=_until(left_us, one.state),
        expires_title="" if one.expires_us is None else moment(one.expires_us, zone),
        soon=one.state == "valid" and left_us is not None and left_us < 7 * _DAY_US,
        used=ago(now_us - one.last_used_us) if one.last_used_us else "–",
        live=one.state in ("valid", "suspended"),
    )


def _until(left_us: int | None, state: TokenState) -> str:
    if left_us is None:
        return "never"
    if left_us <= 0 or state == "revoked":
        return "–" if state == "revoked" else "over"
    days = -(-left_us // _DAY_US)
    return f"in {days} days" if days > 1 else "within a day"


def account_lines(accounts: Iterable[Account], now_us: int) -> list[AccountLine]:
    """The service accounts of a list."""
    return [
        AccountLine(
            id=one.id,
            href=address_of(one.id),
            name=one_line(one.name or one.id, NAME_CHARACTERS_MAX),
            groups=", ".join(one_line(group, NAME_CHARACTERS_MAX) for group in one.groups) or "none",
            owner=one_line(one.owner_name or one.owner, NAME_CHARACTERS_MAX),
            owner_href=address_of(one.owner),
            look=_ACTIVE if one.active else STATES["suspended"],
            tokens=one.tokens,
            used=ago(now_us - one.last_used_us) if one.last_used_us else "–",
            active=one.active,
        )
        for one in accounts
    ]


def scope_words(scope: str) -> str:
    """A scope as people read it."""
    return _SCOPE_WORDS.get(scope) or scope.partition(":")[2]


def scopes_words(scopes: Sequence[str]) -> str:
    """What something is good for, by itself in a cell: a few scopes, and how many more. A connector keeps its name as it is written."""
    words = [scope_words(scope) for scope in scopes] or ["everything"]
    if not scopes or scopes[0] in _SCOPE_WORDS:
        words[0] = words[0][:1].upper() + words[0][1:]
    return ", ".join(words[:_SCOPES_SHOWN]) + (f" and {len(words) - _SCOPES_SHOWN} more" if len(words) > _SCOPES_SHOWN else "")


def form_of(pairs: Sequence[tuple[str, str]]) -> Form:
    """What a posted form holds."""
    fields = dict(pairs)
    return Form(
        name=fields.get("name", "").strip(),
        reach=fields.get("reach", ALL_CONNECTORS),
        connectors=tuple(value for name, value in pairs if name == "connector" and value),
        book=fields.get("book") == "yes",
        days=fields.get("days", str(DAYS_DEFAULT)),
        reason=fields.get("reason", "").strip(),
    )


def scopes_of(form: Form) -> tuple[str, ...]:
    """The scopes that a form asks for. Raises FormError."""
    book = (READ_BOOK,) if form.book else ()
    match form.reach:
        case "mcp" | "book" | "everything" if form.connectors:
            raise FormError("You ticked connectors, but chose something else: choose only these connectors, or untick them.")
        case "everything":
            return ()
        case "mcp":
            return (ALL_CONNECTORS, *book)
        case "some" if form.connectors:
            return (*(for_connector(name) for name in form.connectors), *book)
        case "some":
            raise FormError("Choose at least one connector, or all of them.")
        case "book":
            return (READ_BOOK,)
    raise FormError("Choose what the token is good for.")


def expiry_of(form: Form, now_us: int) -> int | None:
    """When the token that a form asks for expires; None: never. Raises FormError."""
    if form.days == NEVER:
        return None
    if not (form.days.isascii() and form.days.isdigit() and 0 < len(form.days) < 5):
        raise FormError("Choose how long the token lives.")
    return now_us + int(form.days) * _DAY_US


def days_up_to(days_max: int) -> list[int]:
    """The lives that somebody may choose."""
    return [days for days in DAYS if days <= days_max] or [days_max]
