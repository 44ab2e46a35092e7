"""What has no use any more goes, and nothing else."""

import pytest
from sqlalchemy import Connection, func, insert, select

from gatebook.identity.accounts import Wanted, add_token, put_person
from gatebook.identity.tokens import make_token
from gatebook.state import pruning
from gatebook.state.access_schema import jti_seen, oauth_clients, oauth_codes, oauth_grants, refresh_tokens
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
        prune(connection, _NOW_US)
        for table in (one_time_links, jti_seen):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 2, table.name


def grant(connection: Connection, id: str, **fields: object) -> None:
    """Store a grant of Ana; one that was not used, unless the fields say otherwise."""
    row = {"id": id, "person": "ana", "client": "c", "resource": "r", "scopes": "[]", "epoch": 0, "created_us": 1, **fields}
    connection.execute(insert(oauth_grants).values(**row))


def test_grants_that_are_long_over_go(store: Store) -> None:
    """90 days after their end; after a day those that gave no refresh token, such as of identity assertions. Their last secrets are gone before."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        grant(connection, "live", last_used_us=1, expires_us=_NOW_US + 1)
        grant(connection, "over", last_used_us=1, expires_us=_NOW_US - 90 * _DAY_US)
        grant(connection, "ended", last_used_us=1, expires_us=_NOW_US + 1, revoked_us=_NOW_US - 90 * _DAY_US)
        grant(connection, "asserted", expires_us=_NOW_US - _DAY_US)
        grant(connection, "long over", last_used_us=1, expires_us=_NOW_US - 90 * _DAY_US - 1)
        grant(connection, "long ended", last_used_us=1, expires_us=_NOW_US + 1, revoked_us=_NOW_US - 90 * _DAY_US - 1)
        grant(connection, "long asserted", expires_us=_NOW_US - _DAY_US - 1)
        # Secrets that can still come a second time: their grant stays until they go.
        grant(connection, "coming", last_used_us=1, expires_us=_NOW_US - 90 * _DAY_US - 1)
        connection.execute(insert(refresh_tokens).values(sha256="r", grant_id="coming", created_us=1, expires_us=_NOW_US + 1, used_us=2))
        grant(connection, "redeemed", expires_us=_NOW_US - _DAY_US - 1)
        connection.execute(insert(oauth_codes).values(sha256="c", grant_id="redeemed", params="", expires_us=_NOW_US, used_us=1))
        prune(connection, _NOW_US)
        left = set(connection.execute(select(oauth_grants.c.id)).scalars())
    assert left == {"live", "over", "ended", "asserted", "coming", "redeemed"}


def test_used_codes_and_refresh_tokens_are_kept_until_they_could_not_be_taken_again(store: Store) -> None:
    """So that one that comes a second time is known for what it is, and ends the grant."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        grant(connection, "g", last_used_us=1, expires_us=_NOW_US + 1)
        for name, expires_us in (("good", _NOW_US + 1), ("over", _NOW_US - 1), ("long over", _NOW_US - _DAY_US - 1)):
            connection.execute(insert(oauth_codes).values(sha256=name, grant_id="g", params="", expires_us=expires_us, used_us=1))
            row = {"sha256": name, "grant_id": "g", "created_us": 1, "expires_us": expires_us, "used_us": 1}
            connection.execute(insert(refresh_tokens).values(**row))
        prune(connection, _NOW_US)
        for table in (oauth_codes, refresh_tokens):
            assert set(connection.execute(select(table.c.sha256)).scalars()) == {"good", "over"}, table.name


def test_clients_that_signed_nobody_in_are_forgotten_after_a_day(store: Store) -> None:
    """Without anybody registering; used ones, those that an administrator added or disabled, and young ones stay."""
    with store.write() as connection:
        old, young = _NOW_US - _DAY_US - 1, _NOW_US - _DAY_US
        for id, kind, created_us, used_us, disabled_us in (
            ("unused", "dcr", old, None, None), ("document", "cimd", old, None, None), ("young", "dcr", young, None, None),
            ("used", "dcr", old, 1, None), ("added", "pre", old, None, None), ("disabled", "dcr", old, None, 1),
        ):  # fmt: skip
            row = {"name": "", "host": "", "redirect_uris": "[]", "metadata": "{}", "created_by": ""}
            times = {"created_us": created_us, "last_used_us": used_us, "disabled_us": disabled_us}
            connection.execute(insert(oauth_clients).values(id=id, kind=kind, **row, **times))
        prune(connection, _NOW_US)
        assert set(connection.execute(select(oauth_clients.c.id)).scalars()) == {"young", "used", "added", "disabled"}


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
