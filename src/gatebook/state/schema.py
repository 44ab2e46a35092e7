"""Tables of state, and the numbered steps that make them. The SQL is plain enough for SQLite and PostgreSQL alike.

A step that has been released is never edited: add the next one, and bring the Table below up to date with it.
Times are microseconds since 1970; hashes are SHA-256 in hex; secrets are never stored, only their hashes.
"""

import re

from sqlalchemy import BigInteger, Column, Connection, SmallInteger, Table, Text, inspect, select, text

from gatebook.state.access_schema import ACCESS_STEP
from gatebook.state.directory_schema import DIRECTORY_STEP
from gatebook.state.metadata import metadata

meta = Table(
    "meta",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("schema_version", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

resources = Table(
    "resources",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("spec", Text, nullable=False),
    Column("yaml", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text),
    Column("at_us", BigInteger, nullable=False),
    Column("deleted", SmallInteger, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("active", SmallInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("scim_id", Text),
    Column("external_id", Text),
    Column("user_name", Text),
    Column("user_name_key", Text),
    Column("manager", Text),
    Column("department", Text),
    Column("body", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("deactivated_us", BigInteger),
    Column("deleted_us", BigInteger),
    Column("owner", Text),
)
"""`groups` are those that were given by hand, beside the memberships of the directory; `source` is local or scim; `body` the SCIM resource; `manager` an
id of a person; `epoch` counts cut-offs: what was handed out under an earlier one is void;
`owner` is the person who answers for a service account."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("last_used_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("kind", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("resource", Text),
    Column("client", Text),
    Column("grant_id", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)
"""`created_by` is the id of whoever had it made; empty for what the gateway issued by itself."""

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("person", Text),
    Column("purpose", Text, nullable=False),
    Column("reason", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
    Column("browser_sha256", Text),
)
"""`purpose` is sign_in, administrator or break_glass. One for an administrator is used by a browser, which then signs in at the identity provider."""

console_sessions = Table(
    "console_sessions",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("issuer", Text),
    Column("sub", Text),
    Column("sid", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("user_agent", Text, nullable=False),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("shared", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("range", Text, nullable=False),
    Column("columns", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("id", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("since_us", BigInteger),
    Column("until_us", BigInteger),
    Column("columns", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("person", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

tool_listings = Table(
    "tool_listings",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("tools", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

tool_definitions = Table(
    "tool_definitions",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("tool", Text, primary_key=True),
    Column("hash", Text, primary_key=True),
    Column("definition", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("decided_by", Text),
    Column("decided_us", BigInteger),
    Column("reason", Text),
)

approvals = Table(
    "approvals",
    metadata,
    Column("call", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("arguments_sha256", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("single_use", SmallInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_us", BigInteger, nullable=False),
    Column("reason", Text),
    Column("used_us", BigInteger),
)

access_requests = Table(
    "access_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("call", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_us", BigInteger),
    Column("decision_reason", Text),
    Column("until_us", BigInteger),
)

change_proposals = Table(
    "change_proposals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("changes", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_us", BigInteger),
    Column("decision_reason", Text),
)

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE resources (
            kind TEXT NOT NULL, name TEXT NOT NULL, version BIGINT NOT NULL, spec TEXT NOT NULL, yaml TEXT NOT NULL,
            author TEXT NOT NULL, reason TEXT, at_us BIGINT NOT NULL, deleted SMALLINT NOT NULL,
            PRIMARY KEY (kind, name, version)
        )""",
        """CREATE TABLE people (
            id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, email TEXT NOT NULL, name TEXT NOT NULL, groups TEXT NOT NULL,
            active SMALLINT NOT NULL, version BIGINT NOT NULL, created_us BIGINT NOT NULL
        )""",
        """CREATE TABLE tokens (
            id TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL,
            person TEXT NOT NULL REFERENCES people (id), name TEXT NOT NULL, created_us BIGINT NOT NULL,
            expires_us BIGINT, last_used_us BIGINT, revoked_us BIGINT
        )""",
        """CREATE TABLE one_time_links (
            sha256 TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL REFERENCES people (id),
            created_us BIGINT NOT NULL, expires_us BIGINT NOT NULL, used_us BIGINT
        )""",
        """CREATE TABLE console_sessions (
            sha256 TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL REFERENCES people (id),
            created_us BIGINT NOT NULL, expires_us BIGINT NOT NULL
        )""",
    ),
    # What people keep for themselves. Their ids are not references: an administrator on the host is nobody of the directory.
    (
        """CREATE TABLE saved_searches (
            id TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, shared TEXT NOT NULL, text TEXT NOT NULL,
            "range" TEXT NOT NULL, columns TEXT NOT NULL, version BIGINT NOT NULL, created_us BIGINT NOT NULL, changed_us BIGINT NOT NULL,
            UNIQUE (owner, name)
        )""",
        """CREATE TABLE shares (
            id TEXT NOT NULL PRIMARY KEY, "by" TEXT NOT NULL, text TEXT NOT NULL, since_us BIGINT, until_us BIGINT,
            columns TEXT NOT NULL, at_us BIGINT NOT NULL
        )""",
        'CREATE INDEX shares_by ON shares ("by")',
        """CREATE TABLE preferences (
            person TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (person, name)
        )""",
    ),
    # What governance has to remember beside its resources: definitions of tools and who approved them, approvals of calls, requests for access.
    (
        "CREATE TABLE tool_listings (connector TEXT NOT NULL PRIMARY KEY, tools TEXT NOT NULL, at_us BIGINT NOT NULL)",
        """CREATE TABLE tool_definitions (
            connector TEXT NOT NULL, tool TEXT NOT NULL, hash TEXT NOT NULL, definition TEXT NOT NULL, state TEXT NOT NULL,
            seen_us BIGINT NOT NULL, decided_by TEXT, decided_us BIGINT, reason TEXT, PRIMARY KEY (connector, tool, hash)
        )""",
        """CREATE TABLE approvals (
            call TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, connector TEXT NOT NULL, tool TEXT NOT NULL,
            arguments_sha256 TEXT NOT NULL, rules TEXT NOT NULL, decision TEXT NOT NULL, single_use SMALLINT NOT NULL,
            until_us BIGINT NOT NULL, decided_by TEXT NOT NULL, decided_us BIGINT NOT NULL, reason TEXT, used_us BIGINT
        )""",
        """CREATE TABLE access_requests (
            id TEXT NOT NULL PRIMARY KEY, call TEXT NOT NULL, person TEXT NOT NULL, connector TEXT NOT NULL, tool TEXT NOT NULL,
            rules TEXT NOT NULL, reason TEXT NOT NULL, asked_us BIGINT NOT NULL, state TEXT NOT NULL, decided_by TEXT,
            decided_us BIGINT, decision_reason TEXT, until_us BIGINT
        )""",
        "CREATE INDEX access_requests_person ON access_requests (person)",
    ),
    # Changes that wait for a second person.
    (
        """CREATE TABLE change_proposals (
            id TEXT NOT NULL PRIMARY KEY, changes TEXT NOT NULL, author TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
            asked_us BIGINT NOT NULL, state TEXT NOT NULL, decided_by TEXT, decided_us BIGINT, decision_reason TEXT
        )""",
    ),
    # People and groups of the directory, sign-in at an identity provider, AI clients, credentials for connectors.
    (*DIRECTORY_STEP, *ACCESS_STEP),
)

_BASE = (
    "CREATE TABLE IF NOT EXISTS meta (id SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1), schema_version BIGINT NOT NULL, revision BIGINT NOT NULL)",
    "INSERT INTO meta (id, schema_version, revision) SELECT 1, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM meta)",
)


def read_version(connection: Connection) -> int:
    """The number of steps that the database has behind it; 0 where there are no tables yet."""
    if not inspect(connection).has_table(meta.name):
        return 0
    return int(connection.execute(select(meta.c.schema_version)).scalar_one())


def migrate(connection: Connection) -> int:
    """Run the steps that are missing, in the caller's transaction. Returns the schema version that was found; newer than ours stays as it is."""
    for statement in _BASE:
        connection.execute(text(statement))
    found = read_version(connection)
    for number, step in enumerate(STEPS, 1):
        if number > found:
            for statement in step:
                connection.execute(text(_worded(statement, connection.dialect.name)))
            connection.execute(text("UPDATE meta SET schema_version = :number"), {"number": number})
    return found


def _worded(statement: str, engine: str) -> str:
    """PostgreSQL compares text by the language of the database unless it is told otherwise; SQLite, and our order of names, by code point."""
    return statement if engine == "sqlite" else re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', statement)
