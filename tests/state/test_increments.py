"""What a follower reads after any sequence of changes equals what is there, however far it is behind."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert, select, update

from gatebook.identity.accounts import Wanted, add_token, find_token, put_person, revoke
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.tokens import make_token
from gatebook.state.changes import Author, plan, write
from gatebook.state.cut_offs import Ack, Done, complete
from gatebook.state.directory_schema import cut_offs, directory_groups, memberships
from gatebook.state.documents import parse_documents
from gatebook.state.feed import note_people, note_rest, note_tokens, prune_feed
from gatebook.state.schema import people, tokens
from gatebook.state.snapshot import Snapshot, Token
from gatebook.state.store import Store, bump

_PEOPLE = ("ana", "bob", "eva", "kim")
_GROUPS = ("sales", "ops")
_WHO = st.sampled_from(_PEOPLE)
Change = Callable[[Connection, int], None]


def hire(who: str, group: str) -> Change:
    """Enter somebody, or give them another group by hand."""
    return lambda connection, number: (put_person(connection, Wanted(id=who, groups=(group,), name=f"n{number % 3}"), number), None)[1]


def issue(who: str) -> Change:
    """Make a token."""

    def change(connection: Connection, number: int) -> None:
        if known(connection, who):
            token = Token(id=f"t{number}", sha256="", prefix="", person=who, name="", created_us=number, scopes=("calls:read",))
            add_token(connection, make_token(number.to_bytes(32, "big")), token)

    return change


def end_token(who: str, gone: bool) -> Change:
    """Revoke somebody's first token, or delete it."""

    def change(connection: Connection, number: int) -> None:
        id = connection.execute(select(tokens.c.id).where(tokens.c.person == who).limit(1)).scalar()
        token = None if id is None else find_token(connection, id)
        if token is None:
            return
        if gone:
            connection.execute(delete(tokens).where(tokens.c.id == id))
            note_tokens(connection, [token.sha256])
        else:
            revoke(connection, token, number)

    return change


def cut(who: str, deactivate: bool) -> Change:
    """Cut somebody off."""

    def change(connection: Connection, number: int) -> None:
        order = CutOff(id=f"c{number}", person=who, cause="deactivated", by="okta", deactivate=deactivate)
        if known(connection, who):
            cut_off(connection, order, number)

    return change


def finish(connection: Connection, number: int) -> None:
    """Complete all receipts; long ago, so that workers need not know of them any more."""
    for id in connection.execute(select(cut_offs.c.id)).scalars().all():
        complete(connection, id, Done(at_us=1, last_call_us=None, acks=(Ack(stream="w0", at_us=number),), upstream=()))


def activate(who: str) -> Change:
    """Let somebody in again, as a directory does."""

    def change(connection: Connection, number: int) -> None:
        if connection.execute(update(people).where(people.c.id == who).values(active=1, deactivated_us=None)).rowcount:
            note_people(connection, [who])

    return change


def join(who: str, group: str) -> Change:
    """Put somebody into a group of the directory, or take them out."""

    def change(connection: Connection, number: int) -> None:
        if not known(connection, who):
            return
        if connection.execute(select(directory_groups.c.id).where(directory_groups.c.id == group)).first() is None:
            add_group(connection, group)
        of = (memberships.c.group_id == group) & (memberships.c.person == who)
        if not connection.execute(delete(memberships).where(of)).rowcount:
            connection.execute(insert(memberships).values(group_id=group, person=who))
        note_people(connection, [who])

    return change


def add_group(connection: Connection, group: str) -> None:
    """Enter an empty group."""
    values = {"id": group, "name": f"dir {group}", "name_key": f"dir {group}", "body": "{}", "version": 1, "created_us": 1, "changed_us": 1}
    connection.execute(insert(directory_groups).values(**values))


def apply(name: str) -> Change:
    """Apply a connector; told to followers because others may change in the same transaction."""

    def change(connection: Connection, number: int) -> None:
        text = f"kind: Connector\nname: {name}\nspec: {{transport: http, url: 'https://x{number}.example/mcp'}}\n"
        for planned in plan(connection, parse_documents(text, "c.yaml")):
            write(connection, planned, Author(name="ana", at_us=number))
        note_rest(connection)

    return change


def shorten(connection: Connection, number: int) -> None:
    """Drop most of the feed."""
    prune_feed(connection, kept=2)


def nothing(connection: Connection, number: int) -> None:
    """A change of which nothing is noted."""


def known(connection: Connection, who: str) -> bool:
    """Whether there is such a person."""
    return connection.execute(select(people.c.id).where(people.c.id == who)).first() is not None


_CHANGE = st.one_of(
    st.builds(hire, _WHO, st.sampled_from(_GROUPS)),
    st.builds(issue, _WHO),
    st.builds(issue, _WHO),
    st.builds(end_token, _WHO, st.booleans()),
    st.builds(cut, _WHO, st.booleans()),
    st.builds(activate, _WHO),
    st.builds(join, _WHO, st.sampled_from(_GROUPS)),
    st.builds(apply, st.sampled_from(("crm", "hr"))),
    st.sampled_from((finish, shorten, nothing)),
)
_TRANSACTIONS = st.lists(st.lists(_CHANGE, min_size=1, max_size=3), min_size=1, max_size=12)


def same(found: Snapshot, expected: Snapshot) -> bool:
    """Whether two readings hold the same; how they came about they may tell differently."""
    return replace(found, changed=None) == replace(expected, changed=None)


@settings(max_examples=40)
@given(_TRANSACTIONS, st.integers(2, 5))
def test_an_incremental_snapshot_equals_a_full_one(transactions: list[list[Change]], every: int) -> None:
    """People, groups, tokens, cut-offs, resources and gaps in the feed; one follower looks each time, one now and then, one never before the end."""
    with tempfile.TemporaryDirectory() as directory:
        store = Store.open(Path(directory) / "state.db")
        try:
            at_once = late = last = store.snapshot()
            number = 0
            for count, changes in enumerate(transactions):
                with store.write() as connection:
                    for change in changes:
                        number += 1
                        change(connection, number)
                    bump(connection)
                expected = store.snapshot()
                before = at_once
                at_once = followed(store, at_once)
                assert same(at_once, expected)
                if at_once.changed is not None:
                    differ = {id for id in {*before.people, *expected.people} if before.people.get(id) != expected.people.get(id)}
                    assert differ <= at_once.changed
                if count % every == 0:
                    late = followed(store, late)
                    assert same(late, expected)
            assert same(followed(store, last), store.snapshot()) and same(followed(store, late), store.snapshot())
        finally:
            store.close()


def followed(store: Store, before: Snapshot) -> Snapshot:
    """What a follower has after its next look."""
    newer = store.newer(before)
    assert newer is None or newer.failure is None
    return before if newer is None else newer.snapshot


def test_a_change_of_one_person_shares_everything_else(store: Store) -> None:
    """Among a hundred thousand people that is what keeps it short."""
    with store.write() as connection:
        for who in _PEOPLE:
            hire(who, "sales")(connection, 1)
        bump(connection)
    before = store.snapshot()
    with store.write() as connection:
        hire("ana", "ops")(connection, 2)
        bump(connection)
    after = followed(store, before)
    assert after.changed == {"ana"} and after.people["ana"].groups == ("ops",)
    assert after.people["bob"] is before.people["bob"]
    assert (after.tokens, after.connectors, after.rules) == (before.tokens, before.connectors, before.rules)
    assert after.tokens is before.tokens and after.rules is before.rules and after.connectors is before.connectors
