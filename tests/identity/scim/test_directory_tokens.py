"""The tokens of the directory: two for a rotation, known by their hash, good until they are not."""

import pytest

from gatebook.identity.scim.directory_tokens import (
    DirectoryToken,
    add_directory_token,
    find_live,
    read_directory_tokens,
    revoke_directory_token,
)
from gatebook.identity.tokens import digest, make_token
from gatebook.state.store import StateError, Store


def add(store: Store, number: int, *, at_us: int = 1000, expires_us: int | None = None) -> str:
    """Store a token; returns its secret."""
    secret = make_token(bytes([number]) * 32, "directory")
    with store.write() as connection:
        token = DirectoryToken(id=f"scim_{number}", prefix="", name="Okta", created_by="root", created_us=at_us, expires_us=expires_us)
        add_directory_token(connection, secret, token)
    return secret


def found(store: Store, secret: str, now_us: int) -> str | None:
    """The id of the token that a secret is of."""
    with store.read() as connection:
        token = find_live(connection, secret, now_us)
    return token.id if token else None


def test_two_live_at_once(store: Store) -> None:
    """A third is refused with a sentence that names both; one that has expired or was revoked makes room."""
    first, second = add(store, 1), add(store, 2, expires_us=5000)
    assert (found(store, first, 2000), found(store, second, 2000)) == ("scim_1", "scim_2")
    with pytest.raises(StateError, match="two tokens of the directory live already .*scim_1.*revoke one first"):
        add(store, 3)
    third = add(store, 3, at_us=6000)
    assert (found(store, second, 6000), found(store, third, 6000)) == (None, "scim_3")
    with store.write() as connection:
        revoke_directory_token(connection, "scim_1", 7000)
    assert found(store, first, 7000) is None
    assert found(store, add(store, 4, at_us=8000), 8000) == "scim_4"


def test_only_the_hash_is_kept(store: Store) -> None:
    """What is listed has the beginning of the secret, and no more of it."""
    secret = add(store, 1)
    with store.read() as connection:
        [token] = read_directory_tokens(connection)
    assert token.prefix == secret[:12]
    assert secret not in str(token) and digest(secret) not in str(token)


def test_mistakes_have_sentences(store: Store) -> None:
    """An expiry that is over, a token that is none, one that is revoked already, and names that are none."""
    with pytest.raises(StateError, match="expired already"):
        add(store, 1, at_us=1000, expires_us=1000)
    add(store, 1)
    with store.write() as connection:
        revoke_directory_token(connection, "scim_1", 2000)
        with pytest.raises(StateError, match="is revoked already"):
            revoke_directory_token(connection, "scim_1", 2000)
        with pytest.raises(StateError, match="there is no token of the directory 'nothing'"):
            revoke_directory_token(connection, "nothing", 2000)


@pytest.mark.parametrize("secret", ["", "gw_scim_", "gw_pat_" + "x" * 36, "x" * 5000, make_token(bytes(32))])
def test_what_is_no_token_opens_nothing(store: Store, secret: str) -> None:
    """Tokens of people and anything else are not looked for."""
    assert found(store, secret, 1) is None
