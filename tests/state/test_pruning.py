"""What has no use any more goes, and nothing else."""

import pytest
from sqlalchemy import Connection, func, insert, select

from gatebook.identity.accounts import Wanted, add_token, put_person
from gatebook.identity.tokens import make_token
from gatebook.state import pruning
from gatebook.state.access_schema import jti_seen, sign_in_attempts
from gatebook.state.feed import note_people, prune_feed, read_noted
from gatebook.state.pruning import prune
from gatebook.state.schema import one_time_links, tokens
from gatebook.state.snapshot import Token
from gatebook.state.store import Store, bump
from gatebook.state.workers import Worker, put_worker, read_workers

_DAY_US = 86_400_000_000
_NOW_US = 200 * _DAY_US


def token(connection: Connection, id: str, **fields: object) -> str:
    """Store a token of Ana; returns its hash."""
    made = Token(id=id, sha256="", prefix="", person="ana", name="", created_us=1)
    values = {name: getattr(made, name) for name in Token.__struct_fields__} | fields
    return add_token(connection, make_token(id.encode().ljust(32, b".")), Token(**values)).sha256


def test_tokens_that_are_long_over_go_and_followers_hear_of_it(store: Store) -> None:
    """90 days after their end; those of AI clients after a day. One that is good, or was over a moment ago, stays."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        token(connection, "good")
        token(connection, "later", expires_us=_NOW_US + 1)
        token(connection, "expired", expires_us=_NOW_US - 90 * _DAY_US)
        token(connection, "revoked", revoked_us=_NOW_US - 90 * _DAY_US)
        token(connection, "client", kind="oauth", expires_us=_NOW_US - _DAY_US)
        gone = {
            token(connection, "long expired", expires_us=_NOW_US - 90 * _DAY_US - 1),
            token(connection, "long revoked", revoked_us=_NOW_US - 90 * _DAY_US - 1, expires_us=_NOW_US + 1),
            token(connection, "old client", kind="oauth", expires_us=_NOW_US - _DAY_US - 1),
        }
        bump(connection)
    before = store.snapshot()
    with store.write() as connection:
        assert prune(connection, _NOW_US).tokens == 3
        bump(connection)
        noted = read_noted(connection, before.revision, before.revision + 1)
    assert noted is not None and set(noted.tokens) == gone and not noted.rest
    newer = store.newer(before)
    assert newer is not None and newer.snapshot.tokens == store.snapshot().tokens
    assert {one.id for one in newer.snapshot.tokens.values()} == {"good", "later", "expired", "revoked", "client"}


def test_one_turn_takes_so_many_tokens_at_most(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that writes holds up all others."""
    monkeypatch.setattr(pruning, "_BATCH", 2)
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        for number in range(5):
            token(connection, f"t{number}", expires_us=1)
        turns = [prune(connection, _NOW_US) for _ in range(4)]
    assert [turn.tokens for turn in turns] == [2, 2, 1, 0]
    assert [turn.full for turn in turns] == [True, True, False, False]


def test_what_expires_is_kept_for_a_day(store: Store) -> None:
    """So long a link that is over says so, and an assertion that is used twice is found out in any case."""
    with store.write() as connection:
        for expires_us in (_NOW_US - _DAY_US - 1, _NOW_US - _DAY_US, _NOW_US + 1):
            row = {"sha256": str(expires_us), "purpose": "sign_in", "created_us": 1, "expires_us": expires_us}
            connection.execute(insert(one_time_links).values(**row))
            connection.execute(insert(jti_seen).values(issuer="i", jti=str(expires_us), expires_us=expires_us))
            attempt = {"provider": "p", "browser_sha256": "b", "return_to": "/"}
            connection.execute(insert(sign_in_attempts).values(state_sha256=str(expires_us), expires_us=expires_us, **attempt))
        prune(connection, _NOW_US)
        for table in (one_time_links, jti_seen, sign_in_attempts):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 2, table.name


def test_the_feed_and_the_list_of_workers_are_dropped_with_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of it is a change that anybody follows."""
    monkeypatch.setattr(pruning, "prune_feed", lambda connection: prune_feed(connection, kept=3))
    for number in range(6):
        with store.write() as connection:
            note_people(connection, [f"p{number}"])
            bump(connection)
    with store.write() as connection:
        put_worker(connection, Worker(stream="w", node="n", boot="b", revision=1, renewed_us=1))
        assert prune(connection, _NOW_US).tokens == 0
        assert read_workers(connection) == []
        assert read_noted(connection, 2, 6) is None and read_noted(connection, 3, 6) is not None
    assert connection.closed and store.newer(store.snapshot()) is None
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(tokens)).scalar_one() == 0
