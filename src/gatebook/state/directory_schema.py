"""Tables of what the directory says: groups and who is in them, the tokens of the directory itself, who was cut off, and the workers that follow.

Times are microseconds since 1970; hashes are SHA-256 in hex; lists and resources are JSON text.
"""

from sqlalchemy import BigInteger, Column, SmallInteger, Table, Text

from gatebook.state.metadata import metadata

directory_groups = Table(
    "directory_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("external_id", Text),
    Column("body", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)
"""`id` is the SCIM id; `name` the displayName, by which policies know the group; `name_key` its casefold, unique; `body` the resource without members."""

memberships = Table(
    "memberships",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
)

directory_keys = Table(
    "directory_keys",
    metadata,
    Column("attribute", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("person", Text, primary_key=True),
)
"""What people of the directory are searched by beside their own columns, in the form that comparisons use: `attribute` is emails or displayname."""

scim_tokens = Table(
    "scim_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("last_used_us", BigInteger),
    Column("revoked_us", BigInteger),
)

scim_requests = Table(
    "scim_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("token", Text),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)
"""The newest requests of directories, for the console; the record of each is in the log."""

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("sub", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
"""Who somebody is at an identity provider. `groups` are those that it named last, so that the ones it names no longer can be taken back."""

state_feed = Table(
    "state_feed",
    metadata,
    Column("revision", BigInteger, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
)
"""What changed at which revision, so that a follower reads that and not everything: `kind` is person, token or resources."""

workers = Table(
    "workers",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("renewed_us", BigInteger, nullable=False),
)
"""The workers that serve, and the revision that each has in force."""

cut_offs = Table(
    "cut_offs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("signal_us", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("grants", BigInteger, nullable=False),
    Column("services", Text, nullable=False),
    Column("upstream_revoked", BigInteger, nullable=False),
    Column("upstream_failed", BigInteger, nullable=False),
    Column("upstream", Text, nullable=False),
    Column("last_call_us", BigInteger),
    Column("done_us", BigInteger),
)
"""The receipt of each cut-off. `services` and `upstream` are JSON lists: accounts that were suspended, and what became of each credential; `done_us` is
when every worker had acknowledged it and the credentials were dealt with."""

cut_off_acks = Table(
    "cut_off_acks",
    metadata,
    Column("cut_off", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("streams", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("lost", SmallInteger, nullable=False),
)
"""What each worker did for a cut-off: streams ended, calls cancelled; `lost`: it did not answer within its lease, and refuses everybody by itself."""

DIRECTORY_STEP: tuple[str, ...] = (
    "ALTER TABLE people ADD COLUMN source TEXT NOT NULL DEFAULT 'local'",
    "ALTER TABLE people ADD COLUMN scim_id TEXT",
    "ALTER TABLE people ADD COLUMN external_id TEXT",
    "ALTER TABLE people ADD COLUMN user_name TEXT",
    "ALTER TABLE people ADD COLUMN user_name_key TEXT",
    "ALTER TABLE people ADD COLUMN manager TEXT",
    "ALTER TABLE people ADD COLUMN department TEXT",
    "ALTER TABLE people ADD COLUMN body TEXT",
    "ALTER TABLE people ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE people ADD COLUMN changed_us BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE people ADD COLUMN deactivated_us BIGINT",
    "ALTER TABLE people ADD COLUMN deleted_us BIGINT",
    "CREATE UNIQUE INDEX people_scim_id ON people (scim_id)",
    "CREATE UNIQUE INDEX people_user_name ON people (user_name_key)",
    "CREATE INDEX people_external_id ON people (external_id)",
    "CREATE INDEX people_email ON people (email)",
    """CREATE TABLE directory_groups (
        id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE, external_id TEXT, body TEXT NOT NULL,
        version BIGINT NOT NULL, created_us BIGINT NOT NULL, changed_us BIGINT NOT NULL
    )""",
    "CREATE INDEX directory_groups_external_id ON directory_groups (external_id)",
    """CREATE TABLE memberships (
        group_id TEXT NOT NULL REFERENCES directory_groups (id), person TEXT NOT NULL REFERENCES people (id), PRIMARY KEY (group_id, person)
    )""",
    "CREATE INDEX memberships_person ON memberships (person)",
    """CREATE TABLE directory_keys (
        attribute TEXT NOT NULL, value TEXT NOT NULL, person TEXT NOT NULL REFERENCES people (id), PRIMARY KEY (attribute, value, person)
    )""",
    "CREATE INDEX directory_keys_person ON directory_keys (person)",
    """CREATE TABLE scim_tokens (
        id TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL, name TEXT NOT NULL, created_by TEXT NOT NULL,
        created_us BIGINT NOT NULL, expires_us BIGINT, last_used_us BIGINT, revoked_us BIGINT
    )""",
    """CREATE TABLE scim_requests (
        id TEXT NOT NULL PRIMARY KEY, at_us BIGINT NOT NULL, token TEXT, method TEXT NOT NULL, path TEXT NOT NULL, status BIGINT NOT NULL,
        duration_us BIGINT NOT NULL, detail TEXT NOT NULL
    )""",
    "CREATE INDEX scim_requests_at ON scim_requests (at_us)",
    """CREATE TABLE identities (
        issuer TEXT NOT NULL, sub TEXT NOT NULL, person TEXT NOT NULL REFERENCES people (id), groups TEXT NOT NULL DEFAULT '[]',
        created_us BIGINT NOT NULL,
        PRIMARY KEY (issuer, sub)
    )""",
    "CREATE INDEX identities_person ON identities (person)",
    "CREATE TABLE state_feed (revision BIGINT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (revision, kind, id))",
    """CREATE TABLE workers (
        stream TEXT NOT NULL PRIMARY KEY, node TEXT NOT NULL, boot TEXT NOT NULL, revision BIGINT NOT NULL, renewed_us BIGINT NOT NULL
    )""",
    """CREATE TABLE cut_offs (
        id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, cause TEXT NOT NULL, "by" TEXT NOT NULL, detail TEXT NOT NULL,
        signal_us BIGINT NOT NULL, revision BIGINT NOT NULL, tokens BIGINT NOT NULL, sessions BIGINT NOT NULL, grants BIGINT NOT NULL,
        services TEXT NOT NULL DEFAULT '[]', upstream_revoked BIGINT NOT NULL, upstream_failed BIGINT NOT NULL, upstream TEXT NOT NULL, last_call_us BIGINT, done_us BIGINT
    )""",
    "CREATE INDEX cut_offs_signal ON cut_offs (signal_us)",
    "CREATE INDEX cut_offs_person ON cut_offs (person)",
    "CREATE INDEX cut_offs_done ON cut_offs (done_us)",
    """CREATE TABLE cut_off_acks (
        cut_off TEXT NOT NULL REFERENCES cut_offs (id), stream TEXT NOT NULL, at_us BIGINT NOT NULL, streams BIGINT NOT NULL,
        calls BIGINT NOT NULL, lost SMALLINT NOT NULL, PRIMARY KEY (cut_off, stream)
    )""",
)
"""What the step of the schema that brings the directory does."""
