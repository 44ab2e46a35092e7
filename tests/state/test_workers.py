"""The list of workers that serve."""

from gatebook.state.store import Store
from gatebook.state.workers import FORGET_S, Worker, drop_worker, forget_workers, is_registered, put_worker, read_workers


def worker(stream: str = "n-w0", boot: str = "b1", revision: int = 1, renewed_us: int = 1) -> Worker:
    """A row."""
    return Worker(stream=stream, node="n", boot=boot, revision=revision, renewed_us=renewed_us)


def test_a_run_takes_the_place_of_the_one_before(store: Store) -> None:
    """A stream has one worker; the earlier run finds itself off the list, and cannot take its successor off."""
    with store.write() as connection:
        put_worker(connection, worker())
        put_worker(connection, worker(revision=2))
        assert read_workers(connection) == [worker(revision=2)]
        put_worker(connection, worker(boot="b2"))
        put_worker(connection, worker("n-w1"))
        assert [(one.stream, one.boot) for one in read_workers(connection)] == [("n-w0", "b2"), ("n-w1", "b1")]
        assert not is_registered(connection, "n-w0", "b1") and is_registered(connection, "n-w0", "b2")
        drop_worker(connection, "n-w0", "b1")
        assert is_registered(connection, "n-w0", "b2")
        drop_worker(connection, "n-w0", "b2")
        assert [one.stream for one in read_workers(connection)] == ["n-w1"]


def test_rows_that_nobody_renews_are_dropped_late(store: Store) -> None:
    """Not before the worker has stopped serving by itself, also where its clock is half a minute off."""
    now_us = 10**15
    with store.write() as connection:
        put_worker(connection, worker("old", renewed_us=now_us - round(FORGET_S * 1e6) - 1))
        put_worker(connection, worker("late", renewed_us=now_us - round(FORGET_S * 1e6)))
        assert forget_workers(connection, now_us) == 1
        assert [one.stream for one in read_workers(connection)] == ["late"]


def test_a_renewal_counts_no_revision(store: Store) -> None:
    """Otherwise every worker would read state anew because another one lives."""
    with store.note() as connection:
        put_worker(connection, worker())
    assert store.revision() == 0
