"""Receipts of cut-offs."""

from msgspec.structs import replace

from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.state.cut_offs import (
    Ack,
    Done,
    Upstream,
    complete,
    count_receipts,
    put_ack,
    read_open,
    read_receipt,
    read_receipts,
    read_recent,
)
from gatebook.state.store import Store, bump

_NOW_US = 10**15


def cut(store: Store, person: str, id: str, now_us: int = _NOW_US) -> None:
    """Begin a receipt."""
    with store.write() as connection:
        put_person(connection, Wanted(id=person), 1)
        cut_off(connection, CutOff(id=id, person=person, cause="administrator", by="root", detail="left"), now_us)
        bump(connection)


def test_a_receipt_grows_from_signal_to_end(store: Store) -> None:
    """What is read is what was written; sums are those of the workers, and the slowest of them says when it was in force."""
    cut(store, "ana", "c1")
    upstream = (
        Upstream(connector="crm", credential="u1", outcome="revoked"),
        Upstream(connector="hr", credential="u2", outcome="failed", detail="503"),
        Upstream(connector="wiki", credential="u3", outcome="nothing_offered"),
    )
    acks = (Ack(stream="w0", at_us=_NOW_US + 5, streams=2, calls=1), Ack(stream="w1", at_us=_NOW_US + 9, streams=1))
    with store.write() as connection:
        begun = read_receipt(connection, "c1")
        assert begun is not None
        assert (begun.person, begun.cause, begun.by, begun.detail, begun.signal_us) == ("ana", "administrator", "root", "left", _NOW_US)
        assert (begun.done_us, begun.in_force_us, begun.acks, begun.upstream) == (None, None, (), ())
        complete(connection, "c1", Done(at_us=_NOW_US + 50, last_call_us=7, acks=acks, upstream=upstream))
        done = read_receipt(connection, "c1")
    wanted = replace(begun, upstream=upstream, upstream_revoked=1, upstream_failed=1, last_call_us=7, done_us=_NOW_US + 50, acks=acks)
    assert done == wanted
    assert (wanted.streams, wanted.calls, wanted.in_force_us) == (3, 1, 9)


def test_a_worker_whose_clock_is_behind_was_not_there_before_the_signal(store: Store) -> None:
    """No time is shown as negative; without workers it was in force at once."""
    cut(store, "ana", "c1")
    cut(store, "bob", "c2")
    with store.write() as connection:
        complete(connection, "c1", Done(at_us=_NOW_US + 1, last_call_us=None, acks=(Ack(stream="w0", at_us=_NOW_US - 400),), upstream=()))
        complete(connection, "c2", Done(at_us=_NOW_US + 1, last_call_us=None, acks=(), upstream=()))
        found = [read_receipt(connection, id) for id in ("c1", "c2")]
    assert [one and one.in_force_us for one in found] == [0, 0]


def test_what_a_worker_said_first_stays(store: Store) -> None:
    """A later look ends nothing any more; only who was given up may still tell what it did, and is never lost afterwards."""
    cut(store, "ana", "c1")
    said = Ack(stream="w0", at_us=3, streams=4)
    late = Ack(stream="w1", at_us=8, streams=1)
    with store.write() as connection:
        for ack in (said, Ack(stream="w0", at_us=9), Ack(stream="w0", at_us=9, lost=True)):
            put_ack(connection, "c1", ack)
        for ack in (Ack(stream="w1", at_us=5, lost=True), Ack(stream="w1", at_us=6, lost=True), late, Ack(stream="w1", at_us=9, lost=True)):
            put_ack(connection, "c1", ack)
        found = read_receipt(connection, "c1")
    assert found is not None and found.acks == (said, late)


def test_workers_are_told_of_open_ones_and_for_a_while_of_complete_ones(store: Store) -> None:
    """Five minutes: whoever was away can still say what it ended."""
    for number in (1, 2, 3):
        cut(store, f"p{number}", f"c{number}")
    with store.write() as connection:
        for id, at_us in (("c1", _NOW_US - 300_000_000), ("c2", _NOW_US - 299_999_999)):
            complete(connection, id, Done(at_us=at_us, last_call_us=None, acks=(), upstream=()))
        assert [one.id for one in read_recent(connection, _NOW_US)] == ["c2", "c3"]
        assert [(one.id, one.person) for one in read_open(connection)] == [("c3", "p3")]


def test_receipts_are_listed_newest_first_in_pages(store: Store) -> None:
    """Of all people, or of one."""
    for number in range(5):
        cut(store, "ana" if number % 2 else "bob", f"c{number}", _NOW_US + number)
    with store.write() as connection:
        put_ack(connection, "c3", Ack(stream="w0", at_us=1))
        listed = read_receipts(connection, limit=3, offset=1)
        assert [one.id for one in listed] == ["c3", "c2", "c1"]
        assert [len(one.acks) for one in listed] == [1, 0, 0]
        assert [one.id for one in read_receipts(connection, person="ana")] == ["c3", "c1"]
        assert (count_receipts(connection), count_receipts(connection, "ana"), count_receipts(connection, "eva")) == (5, 2, 0)
        assert read_receipt(connection, "none") is None and read_receipts(connection, person="eva") == []
