"""Sign-ins under way: a person is at the identity provider, and the browser that left has to be the one that comes back.

Nonce and PKCE verifier are derived from a key of ours, the state and the browser's secret, so they are stored nowhere. In the caller's transaction.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from gatebook.identity.tokens import digest
from gatebook.state.access_schema import sign_in_attempts

ATTEMPT_LIFE_S: Final = 10 * 60
ATTEMPTS_MAX: Final = 20_000
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Attempt(Struct, frozen=True):
    """Where a sign-in went, and where the person goes afterwards."""

    provider: str
    return_to: str


def is_browser_secret(text: str) -> bool:
    """Whether a cookie can be one of ours: 256 bits."""
    return _SECRET.fullmatch(text) is not None


def put_attempt(connection: Connection, state: str, browser: str, attempt: Attempt, now_us: int) -> bool:
    """Store an attempt; those that have expired are dropped. False when there are too many."""
    connection.execute(delete(sign_in_attempts).where(sign_in_attempts.c.expires_us <= now_us))
    if int(connection.execute(select(func.count()).select_from(sign_in_attempts)).scalar_one()) >= ATTEMPTS_MAX:
        return False
    connection.execute(
        insert(sign_in_attempts).values(
            state_sha256=digest(state),
            provider=attempt.provider,
            browser_sha256=digest(browser),
            return_to=attempt.return_to,
            expires_us=now_us + ATTEMPT_LIFE_S * 1_000_000,
        )
    )
    return True


def take_attempt(connection: Connection, state: str, browser: str, now_us: int) -> Attempt | None:
    """Use an attempt up; None when it is unknown, used, expired, or of another browser, which leaves it as it is."""
    own = (sign_in_attempts.c.state_sha256 == digest(state)) & (sign_in_attempts.c.browser_sha256 == digest(browser))
    row = connection.execute(select(sign_in_attempts).where(own & (sign_in_attempts.c.expires_us > now_us))).mappings().first()
    if row is None or connection.execute(delete(sign_in_attempts).where(own)).rowcount != 1:
        return None
    return Attempt(row["provider"], row["return_to"])


def derive(key: bytes, purpose: str, state: str, browser: str) -> str:
    """A secret of one attempt, 43 characters."""
    return _base64(hmac.digest(key, f"{purpose}\0{state}\0{browser}".encode(), "sha256"))


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636, 4.2)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
