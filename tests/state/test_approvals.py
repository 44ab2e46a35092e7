"""What is stored of approvals and requests for access."""

import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from gatebook.state.approvals import (
    AccessRequest,
    Approval,
    find_approval,
    find_decision,
    find_request,
    put_approval,
    put_request,
    read_approvals,
    read_grants,
    read_requests,
    read_usable_approvals,
    use_approval,
)
from gatebook.state.store import StateError, Store

APPROVAL = Approval(
    call="c1", person="ann", connector="crm", tool="delete", arguments_sha256="a" * 64, rules=("two-people",),
    decision="approved", single_use=True, until_us=1000, decided_by="bob", decided_us=10, reason="fine",
)  # fmt: skip
REQUEST = AccessRequest(id="r1", call="c2", person="ann", connector="crm", tool="export", rules=("no-exports",), reason="audit", asked_us=5)


def test_a_decision_reads_back_as_it_was_stored(store: Store) -> None:
    """All fields, also the empty ones."""
    with store.write() as connection:
        put_approval(connection, APPROVAL)
        put_approval(connection, replace(APPROVAL, call="c0", decision="declined", single_use=False, reason=None, decided_us=20))
    with store.read() as connection:
        assert find_approval(connection, "c1") == APPROVAL
        assert find_approval(connection, "none") is None
        assert [one.call for one in read_approvals(connection)] == ["c0", "c1"]
        assert [one.call for one in read_approvals(connection, since_us=11)] == ["c0"]


def test_a_call_is_decided_once(store: Store) -> None:
    """A second decision about the same call is an error, and the first stays."""
    with store.write() as connection:
        put_approval(connection, APPROVAL)
    with pytest.raises(StateError, match="(?i)unique"), store.write() as connection:
        put_approval(connection, replace(APPROVAL, decision="declined"))
    with store.read() as connection:
        assert find_approval(connection, "c1") == APPROVAL


def test_an_equal_call_is_decided_by_what_was_decided_after_it(store: Store) -> None:
    """What was decided about the call itself comes first; one whose arguments cannot be read is equal to none."""
    other = replace(APPROVAL, call="c2")
    with store.write() as connection:
        put_approval(connection, APPROVAL)
    with store.read() as connection:
        assert find_decision(connection, APPROVAL) == find_decision(connection, other) == APPROVAL
        assert find_decision(connection, replace(other, decided_us=11)) is None
        assert find_decision(connection, replace(other, arguments_sha256="")) is None


def test_an_approval_for_one_call_is_used_once(store: Store) -> None:
    """The second use, and one after its time, get False; what was used is no longer offered."""
    with store.write() as connection:
        put_approval(connection, APPROVAL)
        assert not use_approval(connection, "c1", 1000)
        assert use_approval(connection, "c1", 999)
        assert not use_approval(connection, "c1", 999)
        assert read_usable_approvals(connection, 20) == []


def test_an_approval_for_a_time_is_used_again(store: Store) -> None:
    """Until it is over; a declined one never."""
    with store.write() as connection:
        put_approval(connection, replace(APPROVAL, single_use=False))
        put_approval(connection, replace(APPROVAL, call="c2", decision="declined"))
        assert use_approval(connection, "c1", 1) and use_approval(connection, "c1", 2)
        assert [one.call for one in read_usable_approvals(connection, 999)] == ["c1"]
        assert read_usable_approvals(connection, 1000) == []
        assert not use_approval(connection, "c2", 1)


def test_of_two_uses_at_once_one_wins(another: Callable[[], Store]) -> None:
    """Two workers with stores of their own use the same approval at the same moment: exactly one gets it."""
    first = another()
    with first.write() as connection:
        put_approval(connection, APPROVAL)
    stores = [first, *(another() for _ in range(3))]
    start, won = threading.Barrier(len(stores)), []

    def use(store: Store) -> None:
        start.wait()
        with store.write() as connection:
            won.append(use_approval(connection, "c1", 50))

    threads = [threading.Thread(target=use, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False, False, False, True]


def test_a_request_is_replaced_by_its_newer_state(store: Store) -> None:
    """Asked, then granted: one request, with all that is known of it."""
    granted = replace(REQUEST, state="granted", decided_by="bob", decided_us=7, until_us=100)
    with store.write() as connection:
        put_request(connection, REQUEST)
        put_request(connection, granted)
        put_request(connection, replace(REQUEST, id="r2", person="sam", asked_us=6))
        assert find_request(connection, "r1") == granted
        assert find_request(connection, "none") is None
        assert [one.id for one in read_requests(connection)] == ["r2", "r1"]
        assert [one.id for one in read_requests(connection, "ann")] == ["r1"]


def test_access_ends_with_its_time_or_when_it_is_revoked(store: Store) -> None:
    """Only what is granted, and not over, gives access."""
    granted = replace(REQUEST, state="granted", until_us=100)
    with store.write() as connection:
        put_request(connection, granted)
        put_request(connection, replace(REQUEST, id="r2"))
        assert read_grants(connection, 99) == [granted]
        assert read_grants(connection, 100) == []
        put_request(connection, replace(granted, state="revoked"))
        assert read_grants(connection, 99) == []
