"""People and tokens in state."""

import pytest

from gatebook.identity.accounts import Wanted, add_token, find_person, find_token, put_person, revoke
from gatebook.identity.tokens import make_token
from gatebook.state.snapshot import Token
from gatebook.state.store import StateError, Store

SECRET = make_token(bytes(32))


def new_token(id: str = "tok_1") -> Token:
    """A token that is about to be stored."""
    return Token(id=id, sha256="", prefix="", person="ana@corp.example", name="laptop", created_us=1)


def test_a_new_person_has_sensible_fields(store: Store) -> None:
    """An e-mail address as id is the address too; ids are kept in lower case."""
    with store.write() as connection:
        put = put_person(connection, Wanted(id="Ana@Corp.example", groups=("sales", "all-staff", "sales")), 1)
        assert put.action == "created"
        assert find_person(connection, "ana@corp.example") == put.person
    assert (put.person.email, put.person.name, put.person.groups) == ("ana@corp.example", "ana", ("all-staff", "sales"))
    assert "+groups: all-staff, sales" in put.diff


def test_only_what_is_given_changes(store: Store) -> None:
    """A second token does not touch groups or name; a field that is given does, and counts a version."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana", groups=("sales",), name="Ana"), 1)
        same = put_person(connection, Wanted(id="ana"), 2)
        changed = put_person(connection, Wanted(id="ana", email="ana@corp.example"), 3)
    assert (same.action, same.diff) == ("unchanged", "")
    assert (changed.action, changed.person.version) == ("changed", 2)
    assert (changed.person.groups, changed.person.name) == (("sales",), "Ana")


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(id=""),
        Wanted(id="os:root"),
        Wanted(id="local"),
        Wanted(id="ME"),
        Wanted(id="a b"),
        Wanted(id="ana", email="nowhere"),
        Wanted(id="ana", groups=("everyone",)),
        Wanted(id="ana", groups=("a,b",)),
        Wanted(id="ana", groups=("",)),
    ],
)
def test_what_cannot_be_a_person_is_refused(wanted: Wanted, store: Store) -> None:
    """Names that mean something else, or nothing, are not given out."""
    with pytest.raises(StateError), store.write() as connection:
        put_person(connection, wanted, 1)


def test_of_a_token_only_hash_and_beginning_are_stored(store: Store) -> None:
    """The secret is nowhere in the database."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana@corp.example"), 1)
        stored = add_token(connection, SECRET, new_token())
        dump = "\n".join(str(row) for row in connection.exec_driver_sql("SELECT * FROM tokens"))
    assert stored.prefix == SECRET[:11]
    assert SECRET not in dump
    assert SECRET[12:] not in dump


def test_a_token_is_found_by_id_or_beginning_and_revoked(store: Store) -> None:
    """An unknown one is not there; a beginning that fits two is refused."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana@corp.example"), 1)
        stored = add_token(connection, SECRET, new_token())
        assert find_token(connection, SECRET[:11]) == find_token(connection, "tok_1") == stored
        assert revoke(connection, stored, 9) == find_token(connection, "tok_1")
        assert revoke(connection, stored, 9).revoked_us == 9
        assert find_token(connection, "tok_2") is None
        for number in (3, 4):
            similar = SECRET[:11] + str(number) * 32
            add_token(connection, similar, new_token(f"tok_{number}"))
        with pytest.raises(StateError, match="more than one"):
            find_token(connection, SECRET[:11])
