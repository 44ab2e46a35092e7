"""Words, names and ids that ordinary payloads are made of."""

import uuid

from tests.dlp.labelled.draw import BASE62, HEX, LOWER, UPPER, Draw

NOUNS = (
    "order", "invoice", "ledger", "report", "export", "import", "queue", "worker", "cache", "index", "schema", "table", "column", "total",
    "filter", "chart", "panel", "button", "dialog", "session", "upload", "archive", "backup", "release", "branch", "commit", "ticket",
    "customer", "supplier", "product", "parcel", "shelf", "payment", "refund", "budget", "forecast", "meeting", "minutes", "agenda",
    "policy", "token", "password", "account", "card", "bank", "claim", "visit",
)  # fmt: skip
# What people write about; identifiers beside long numbers are made of the others.
TOPICS = (*NOUNS, "phone", "passport", "patient", "secret", "routing", "license", "mailbox")
VERBS = (
    "fix",
    "add",
    "remove",
    "rename",
    "speed up",
    "document",
    "test",
    "split",
    "merge",
    "retry",
    "round",
    "sort",
    "show",
    "hide",
    "check",
)
ADJECTIVES = (
    "slow",
    "empty",
    "wrong",
    "missing",
    "late",
    "old",
    "new",
    "double",
    "hidden",
    "broken",
    "monthly",
    "public",
    "internal",
    "open",
)
FIRST_NAMES = ("Dana", "Tomasz", "Amélie", "Jürgen", "Priya", "Kofi", "Søren", "Lucía", "Mei", "Olu", "Ingrid", "Paolo", "Noor", "Yuki")
LAST_NAMES = (
    "Ruiz",
    "Nowak",
    "Moreau",
    "Weiss",
    "Sharma",
    "Mensah",
    "Lind",
    "Garcia",
    "Chen",
    "Adeyemi",
    "Berg",
    "Russo",
    "Haddad",
    "Sato",
)
CITIES = ("Lyon", "Gdynia", "Utrecht", "Pune", "Turku", "Lund", "Sevilla", "Milano", "Gent", "Recife", "Leeds", "Tucson", "Hobart", "Kyoto")
HOSTS = ("docs.tallpine.io", "shop.tallpine.io", "wiki.northharbour.co.uk", "www.example.org", "status.kessler.de", "cdn.pelikan.pl")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def sentence(draw: Draw) -> str:
    """Return a short sentence about work."""
    return draw.pick(
        (
            f"{draw.pick(VERBS).capitalize()} the {draw.pick(ADJECTIVES)} {draw.pick(TOPICS)} before the {draw.pick(TOPICS)} is {draw.pick(ADJECTIVES)}.",
            f"The {draw.pick(TOPICS)} of the {draw.pick(TOPICS)} was {draw.pick(ADJECTIVES)} for {draw.number(2, 90)} minutes.",
            f"{draw.pick(FIRST_NAMES)} asks whether the {draw.pick(TOPICS)} {draw.pick(TOPICS)} can be {draw.pick(ADJECTIVES)} again.",
            f"{draw.number(2, 9999)} of {draw.number(10000, 99999)} {draw.pick(TOPICS)}s are {draw.pick(ADJECTIVES)} ({draw.number(1, 99)} %).",
        )
    )


def paragraph(draw: Draw, count: int = 4) -> str:
    """Return some sentences."""
    return " ".join(sentence(draw) for _ in range(count))


def slug(draw: Draw) -> str:
    """Return two or three words with hyphens."""
    return "-".join(draw.pick(NOUNS) for _ in range(draw.number(2, 3)))


def person(draw: Draw) -> str:
    """Return a first and a last name."""
    return f"{draw.pick(FIRST_NAMES)} {draw.pick(LAST_NAMES)}"


def date(draw: Draw) -> str:
    """Return a date of the last years, as ISO 8601 writes it."""
    return f"{draw.number(2019, 2026)}-{draw.number(1, 12):02d}-{draw.number(1, 28):02d}"


def clock(draw: Draw) -> str:
    """Return a time of day."""
    return f"{draw.number(0, 23):02d}:{draw.number(0, 59):02d}:{draw.number(0, 59):02d}"


def stamp(draw: Draw) -> str:
    """Return a date and time with zone."""
    return f"{date(draw)}T{clock(draw)}{draw.pick(('Z', '+02:00', '.391Z', '-05:00', '.391042+00:00'))}"


def uuid4(draw: Draw) -> str:
    """Return a random UUID."""
    return str(uuid.UUID(bytes=draw.octets(16), version=4))


def ulid(draw: Draw) -> str:
    """Return a ULID."""
    return "01H" + draw.chars(CROCKFORD, 23)


def snowflake(draw: Draw) -> int:
    """Return a whole number of 18 or 19 digits, as chat services give out."""
    return draw.number(10**17, 15 * 10**17)


def sha(draw: Draw) -> str:
    """Return 40 hexadecimal digits."""
    return draw.chars(HEX, 40)


def some_id(draw: Draw) -> str:
    """Return an id in one of many shapes."""
    return draw.pick(
        (
            lambda: uuid4(draw),
            lambda: ulid(draw),
            lambda: draw.chars(HEX, draw.pick((8, 16, 24, 32))),
            lambda: draw.chars(BASE62, draw.pick((8, 11, 22, 27))),
            lambda: draw.chars(UPPER + "0123456789", draw.pick((6, 10, 15, 18))),
            lambda: f"{draw.pick(('INV', 'ORD', 'RE', 'PO', 'SO', 'CASE'))}-{draw.number(2019, 2026)}-{draw.number(1, 999999):06d}",
            lambda: f"{draw.chars(UPPER, 2)}-{draw.number(1000, 9999)}-{draw.chars(UPPER, 2)}-{draw.number(10, 99)}",
            lambda: f"{draw.pick(('ch', 'cus', 'in', 'evt', 'prod'))}_{draw.chars(BASE62, 24)}",
            lambda: str(draw.number(10 ** (digits := draw.number(1, 12)), 10 ** (digits + 1) - 1)),
            lambda: draw.chars(LOWER + "0123456789", 26),
        )
    )()


def path(draw: Draw) -> str:
    """Return a path in a project."""
    ending = draw.pick(("py", "ts", "go", "md", "yaml", "sql", "java", "css", "json", "rs"))
    return f"{draw.pick(('src', 'tests', 'docs', 'lib', 'app'))}/{draw.pick(NOUNS)}/{draw.pick(NOUNS)}_{draw.pick(NOUNS)}.{ending}"


def url(draw: Draw) -> str:
    """Return an address with a query."""
    query = draw.pick(
        (
            "",
            f"?page={draw.number(1, 99)}&sort=-{draw.pick(NOUNS)}",
            f"?id={some_id(draw)}",
            f"?utm_source=mail&utm_campaign={slug(draw)}&gclid={draw.chars(BASE62 + '_-', 40)}A",
            f"?from={date(draw)}&to={date(draw)}&q={draw.pick(NOUNS)}%20{draw.pick(NOUNS)}",
            f"?lat={draw.number(-89, 89)}.{draw.digits(7)}&lon={draw.number(-179, 179)}.{draw.digits(7)}",
        )
    )
    return f"https://{draw.pick(HOSTS)}/{slug(draw)}/{draw.number(1, 99999)}{query}{draw.pick(('', '', '#' + draw.pick(NOUNS)))}"


def money(draw: Draw) -> float:
    """Return an amount with two decimals."""
    return round(draw.random.lognormvariate(5, 2), 2)
