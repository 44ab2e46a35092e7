"""Service accounts live as long as somebody answers for them."""

import pytest

from gatebook.identity.accounts import Wanted, add_token, find_person, put_person
from gatebook.identity.cut_off import Cause, CutOff, cut_off
from gatebook.identity.directory import Directory
from gatebook.identity.service_accounts import ServiceOrder, put_service_account, suspend_of
from gatebook.identity.tokens import make_token
from gatebook.state.snapshot import Token
from gatebook.state.store import StateError, Store, bump

SECRET = make_token(b"s" * 32, "service")


def put(store: Store, **fields: object) -> None:
    """Make or change the account nightly."""
    with store.write() as connection:
        put_service_account(connection, ServiceOrder(id="nightly", **fields), 5)  # type: ignore[arg-type]
        bump(connection)


def reason(store: Store) -> str:
    """Why the account's token would be refused now; empty when it would not."""
    return getattr(Directory(store.snapshot(), str).authenticate(f"Bearer {SECRET}", 10), "reason", "")


@pytest.fixture(autouse=True)
def owned(store: Store) -> None:
    """Ana answers for an account that has a token; Bob is there too."""
    with store.write() as connection:
        for person in ("ana", "bob"):
            put_person(connection, Wanted(id=person), 1)
        put_service_account(connection, ServiceOrder(id="nightly", owner="ana", name="Nightly run", groups=("sales",)), 1)
        add_token(connection, SECRET, Token(id="tok_1", sha256="", prefix="", person="nightly", name="", created_us=1, kind="service"))
        bump(connection)


def leave(store: Store, cause: Cause = "deactivated", *, deactivate: bool = True) -> tuple[str, ...]:
    """Cut Ana off."""
    with store.write() as connection:
        severed = cut_off(connection, CutOff(id=f"cut-{cause}", person="ana", cause=cause, by="scim", deactivate=deactivate), 7)
        bump(connection)
    return severed.services


def test_when_the_owner_leaves_its_tokens_are_refused_at_once(store: Store) -> None:
    """In the same transaction as the cut-off: no key outlives the person who answers for it."""
    assert reason(store) == ""
    assert leave(store) == ("nightly",)
    assert reason(store) == "inactive"
    with store.read() as connection:
        account = find_person(connection, "nightly")
    assert account is not None and (account.active, account.owner) == (False, "ana")


def test_a_sign_out_everywhere_leaves_service_accounts_alone(store: Store) -> None:
    """Who stays goes on answering for them."""
    assert leave(store, "back_channel_logout", deactivate=False) == ()
    assert reason(store) == ""


def test_the_owners_return_does_not_wake_it(store: Store) -> None:
    """Only an administrator does, who names somebody."""
    leave(store)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE people SET active = 1 WHERE id = 'ana'")
        bump(connection)
    assert reason(store) == "inactive"
    put(store, owner="ana")
    assert reason(store) == "revoked"


def test_a_new_owner_wakes_it_and_its_old_tokens_stay_worthless(store: Store) -> None:
    """The former owner may know them."""
    leave(store)
    put(store, owner="bob")
    assert reason(store) == "revoked"
    with store.read() as connection:
        account = find_person(connection, "nightly")
    assert account is not None and (account.active, account.owner, account.groups) == (True, "bob", ("sales",))


def test_tokens_are_kept_only_where_somebody_says_so(store: Store) -> None:
    """A job that must not stop goes on under its new owner."""
    leave(store)
    put(store, owner="bob", keep_tokens=True)
    assert reason(store) == ""


def test_a_change_that_is_not_of_the_owner_keeps_tokens(store: Store) -> None:
    """A new name or other groups touch no token."""
    put(store, name="Night", groups=())
    put(store, owner="ana")
    assert reason(store) == ""


@pytest.mark.parametrize("owner", ["nobody", "nightly", "ana"])
def test_only_an_active_person_can_own_one(owner: str, store: Store) -> None:
    """Not a program, not somebody who has left, not somebody who was never there."""
    leave(store)
    with pytest.raises(StateError, match="cannot own"):
        put(store, owner=owner)


def test_a_person_does_not_become_a_program(store: Store) -> None:
    """Nor is an account made for which nobody answers."""
    with pytest.raises(StateError, match="is a person"), store.write() as connection:
        put_service_account(connection, ServiceOrder(id="bob", owner="ana"), 5)
    with pytest.raises(StateError, match="needs an owner"), store.write() as connection:
        put_service_account(connection, ServiceOrder(id="other"), 5)


def test_suspending_twice_finds_nothing_left(store: Store) -> None:
    """Idempotent, as a cut-off is."""
    with store.write() as connection:
        assert suspend_of(connection, "ana", 7) == ("nightly",)
        assert suspend_of(connection, "ana", 8) == ()
