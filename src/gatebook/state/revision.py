"""The number of changes so far."""

from sqlalchemy import Connection, select

from gatebook.state.schema import meta


def read_revision(connection: Connection) -> int:
    """The number of changes so far."""
    return int(connection.execute(select(meta.c.revision)).scalar_one())
