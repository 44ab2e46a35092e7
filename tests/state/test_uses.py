"""When tokens were last used."""

from sqlalchemy import insert, select

from gatebook.identity.accounts import Wanted, add_token, put_person
from gatebook.identity.tokens import make_token
from gatebook.state.access_schema import oauth_grants
from gatebook.state.schema import tokens
from gatebook.state.snapshot import Token
from gatebook.state.store import Store, bump
from gatebook.state.uses import note_uses, read_uses


def test_a_use_is_noted_with_its_grant_and_is_no_change(store: Store) -> None:
    """Several processes see one token, in any order: the latest use stays. Followers are not woken."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        for id in ("g1", "g2"):
            row = {"client": "c", "resource": "r", "scopes": "[]", "epoch": 0, "created_us": 1}
            connection.execute(insert(oauth_grants).values(id=id, person="ana", **row))
        for number, grant in enumerate((None, "g1", "g2")):
            token = Token(id=f"t{number}", sha256="", prefix="", person="ana", name="", created_us=1, grant_id=grant)
            add_token(connection, make_token(bytes([number]) * 32), token)
        bump(connection)
    before = store.snapshot()
    for used in ({"t0": 50, "t1": 60}, {"t1": 40}, {"gone": 70}, {}, {"t0": 55}):
        with store.note() as connection:
            note_uses(connection, used)
    with store.read() as connection:
        assert dict(map(tuple, connection.execute(select(tokens.c.id, tokens.c.last_used_us)))) == {"t0": 55, "t1": 60, "t2": None}
        assert (read_uses(connection, "ana"), read_uses(connection, "bob")) == ({"t0": 55, "t1": 60}, {})
        assert dict(map(tuple, connection.execute(select(oauth_grants.c.id, oauth_grants.c.last_used_us)))) == {"g1": 60, "g2": None}
    assert store.newer(before) is None
