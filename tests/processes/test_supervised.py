"""The line between supervisor and child."""

import asyncio
import os
import signal
import socket

from gatebook.processes.supervised import READY, Lifeline, StopRequest


async def test_the_child_says_ready_and_notices_the_end() -> None:
    """When the supervisor's end closes, the child is told once."""
    ours, theirs = socket.socketpair()
    lifeline = Lifeline(theirs.detach())
    gone = asyncio.Event()
    lifeline.watch(gone.set)
    lifeline.ready()
    assert ours.recv(64) == READY
    await asyncio.sleep(0.05)
    assert not gone.is_set()
    ours.close()
    await asyncio.wait_for(gone.wait(), 5)
    lifeline.ready()


async def test_a_process_that_was_started_by_hand_has_no_line() -> None:
    """Nothing to watch, nobody to tell."""
    lifeline = Lifeline(None)
    lifeline.watch(lambda: None)
    lifeline.ready()


async def test_a_signal_asks_to_stop_and_the_first_reason_counts() -> None:
    """The reason goes on the record."""
    stop = StopRequest()
    stop.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(stop.wait(), 5) == "SIGTERM"
    stop.set("the supervisor ended")
    assert stop.reason == "SIGTERM"
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)
