"""Tables of how people and their AI clients get in, and of the credentials with which calls go on to connectors.

Times are microseconds since 1970; hashes are SHA-256 in hex; lists are JSON text. Secrets are hashes, or sealed by the credential vault.
"""

from sqlalchemy import BigInteger, Column, Table, Text

from gatebook.state.metadata import metadata

oauth_clients = Table(
    "oauth_clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("redirect_uris", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("secret_sha256", Text),
    Column("created_by", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("last_used_us", BigInteger),
    Column("disabled_us", BigInteger),
)
"""AI clients: `kind` is dcr, cimd or pre; `host` is what the consent page names."""

oauth_requests = Table(
    "oauth_requests",
    metadata,
    Column("id_sha256", Text, primary_key=True),
    Column("session", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
)
"""Authorization requests that wait for an answer, each in the console session, by its hash, in which it came."""

oauth_codes = Table(
    "oauth_codes",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("grant_id", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
)

oauth_grants = Table(
    "oauth_grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("last_used_us", BigInteger),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("cause", Text),
)
"""What a person has let one client do; its access and refresh tokens live and end with it."""

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("grant_id", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
)

jti_seen = Table(
    "jti_seen",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires_us", BigInteger, nullable=False),
)
"""Assertions and logout tokens that were used: each is good once."""

upstream_credentials = Table(
    "upstream_credentials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("box", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("expires_us", BigInteger),
    Column("version", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("last_used_us", BigInteger),
    Column("wanted", Text, nullable=False),
    Column("lease_us", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)
"""Sealed credentials for connectors, see state/credentials.py."""

upstream_clients = Table(
    "upstream_clients",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("box", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
"""What a connector's authorization server knows the gateway as."""

upstream_attempts = Table(
    "upstream_attempts",
    metadata,
    Column("state_sha256", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("browser_sha256", Text, nullable=False),
    Column("box", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
)
"""A person who is away at a connector's authorization server."""

ACCESS_STEP: tuple[str, ...] = (
    "ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'personal'",
    "ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE tokens ADD COLUMN resource TEXT",
    "ALTER TABLE tokens ADD COLUMN client TEXT",
    "ALTER TABLE tokens ADD COLUMN grant_id TEXT",
    "ALTER TABLE tokens ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE tokens ADD COLUMN created_by TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX tokens_person ON tokens (person)",
    "CREATE INDEX tokens_grant ON tokens (grant_id)",
    "CREATE INDEX tokens_created ON tokens (created_us)",
    "ALTER TABLE people ADD COLUMN owner TEXT",
    "CREATE INDEX people_owner ON people (owner)",
    "ALTER TABLE console_sessions ADD COLUMN id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE console_sessions ADD COLUMN auth TEXT NOT NULL DEFAULT 'link'",
    "ALTER TABLE console_sessions ADD COLUMN issuer TEXT",
    "ALTER TABLE console_sessions ADD COLUMN sub TEXT",
    "ALTER TABLE console_sessions ADD COLUMN sid TEXT",
    "ALTER TABLE console_sessions ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE console_sessions ADD COLUMN seen_us BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE console_sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX console_sessions_person ON console_sessions (person)",
    # Links live for a quarter of an hour, so none is kept for their new shape.
    "DROP TABLE one_time_links",
    """CREATE TABLE one_time_links (
        sha256 TEXT NOT NULL PRIMARY KEY, person TEXT, purpose TEXT NOT NULL, reason TEXT, created_us BIGINT NOT NULL,
        expires_us BIGINT NOT NULL, used_us BIGINT, browser_sha256 TEXT
    )""",
    """CREATE TABLE oauth_clients (
        id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, host TEXT NOT NULL, redirect_uris TEXT NOT NULL,
        metadata TEXT NOT NULL, secret_sha256 TEXT, created_by TEXT NOT NULL, created_us BIGINT NOT NULL, last_used_us BIGINT,
        disabled_us BIGINT
    )""",
    """CREATE TABLE oauth_requests (
        id_sha256 TEXT NOT NULL PRIMARY KEY, session TEXT NOT NULL, client TEXT NOT NULL, params TEXT NOT NULL, created_us BIGINT NOT NULL,
        expires_us BIGINT NOT NULL
    )""",
    "CREATE INDEX oauth_requests_session ON oauth_requests (session)",
    """CREATE TABLE oauth_grants (
        id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL REFERENCES people (id), client TEXT NOT NULL, resource TEXT NOT NULL,
        scopes TEXT NOT NULL, epoch BIGINT NOT NULL, created_us BIGINT NOT NULL, last_used_us BIGINT, expires_us BIGINT, revoked_us BIGINT,
        cause TEXT
    )""",
    "CREATE INDEX oauth_grants_person ON oauth_grants (person)",
    """CREATE TABLE oauth_codes (
        sha256 TEXT NOT NULL PRIMARY KEY, grant_id TEXT NOT NULL, params TEXT NOT NULL, expires_us BIGINT NOT NULL, used_us BIGINT
    )""",
    "CREATE INDEX oauth_codes_grant ON oauth_codes (grant_id)",
    """CREATE TABLE refresh_tokens (
        sha256 TEXT NOT NULL PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES oauth_grants (id), created_us BIGINT NOT NULL,
        expires_us BIGINT NOT NULL, used_us BIGINT
    )""",
    "CREATE INDEX refresh_tokens_grant ON refresh_tokens (grant_id)",
    "CREATE TABLE jti_seen (issuer TEXT NOT NULL, jti TEXT NOT NULL, expires_us BIGINT NOT NULL, PRIMARY KEY (issuer, jti))",
    """CREATE TABLE upstream_credentials (
        id TEXT NOT NULL PRIMARY KEY, connector TEXT NOT NULL, owner TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
        box TEXT NOT NULL, key_id TEXT NOT NULL, scopes TEXT NOT NULL, expires_us BIGINT, version BIGINT NOT NULL, created_us BIGINT NOT NULL,
        changed_us BIGINT NOT NULL, last_used_us BIGINT, wanted TEXT NOT NULL DEFAULT '[]', lease_us BIGINT NOT NULL DEFAULT 0,
        detail TEXT NOT NULL
    )""",
    "CREATE UNIQUE INDEX upstream_credentials_place ON upstream_credentials (connector, owner) WHERE status <> 'revoking'",
    "CREATE INDEX upstream_credentials_owner ON upstream_credentials (owner)",
    """CREATE TABLE upstream_clients (
        connector TEXT NOT NULL, issuer TEXT NOT NULL, box TEXT NOT NULL, key_id TEXT NOT NULL, created_us BIGINT NOT NULL,
        PRIMARY KEY (connector, issuer)
    )""",
    """CREATE TABLE upstream_attempts (
        state_sha256 TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, connector TEXT NOT NULL, browser_sha256 TEXT NOT NULL,
        box TEXT NOT NULL, key_id TEXT NOT NULL, expires_us BIGINT NOT NULL
    )""",
)
"""What the step of the schema that brings sign-in, AI clients and credentials does."""
