"""Assertions that are good once, by issuer and jti, in state: whichever process sees one first, no other takes it again."""

from sqlalchemy import Connection, delete, func, select, text

from gatebook.state.access_schema import jti_seen

JTI_MAX = 300


def first_time(connection: Connection, issuer: str, jti: str, expires_us: int, now_us: int) -> bool:
    """Note an assertion, until after it has expired; says whether it was not seen before. In the caller's transaction."""
    connection.execute(delete(jti_seen).where(jti_seen.c.expires_us < now_us))
    statement = text("INSERT INTO jti_seen (issuer, jti, expires_us) VALUES (:issuer, :jti, :expires_us) ON CONFLICT DO NOTHING")
    return connection.execute(statement, {"issuer": issuer, "jti": jti, "expires_us": expires_us}).rowcount == 1


def live(connection: Connection, issuer: str, now_us: int) -> int:
    """How many assertions of an issuer are kept because they have not expired."""
    kept = (jti_seen.c.issuer == issuer) & (jti_seen.c.expires_us > now_us)
    return int(connection.execute(select(func.count()).select_from(jti_seen).where(kept)).scalar_one())
