"""Builds and connects the parts: the one place that knows all of them. Imported by the command line and by tests only.

A worker must stay small, so what only the keeper needs (search engine, console) is imported where the keeper is built.
"""

import asyncio
import functools
import gc
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import uvloop

from gatebook.control.key_files import read_credential_keys, read_master_key
from gatebook.identity.credentials.safe import Safe
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.processes.listeners import Listener, bind
from gatebook.processes.proxies import behind
from gatebook.processes.runs import Run
from gatebook.processes.supervised import Lifeline, StopRequest
from gatebook.settings import Settings
from gatebook.state.opening import open_state
from gatebook.state.watcher import Watcher

_DIAL_S = 1.0
_SWITCH_S = 0.0005


def run_worker(settings: Settings, slot: int, lifeline: Lifeline) -> int:
    """Run one gateway worker until it is asked to stop; returns the exit code. Raises KeyMissing, LogError, StateError, PortTaken."""
    return _run(_worker(settings, slot, lifeline))


def run_keeper(settings: Settings, lifeline: Lifeline) -> int:
    """Run the keeper until it is asked to stop; returns the exit code. Raises as run_worker does."""
    # An answer changes threads half a dozen times, and each time would wait up to 5 ms for a thread that indexes or seals.
    sys.setswitchinterval(_SWITCH_S)
    return _run(_keeper(settings, lifeline))


def _run(main: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def _worker(settings: Settings, slot: int, lifeline: Lifeline) -> int:
    from gatebook.control import unix_socket
    from gatebook.gateway.app import GatewayApp
    from gatebook.gateway.attendance import Attendance, Place
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.neighbours import Neighbours
    from gatebook.gateway.wallet import Wallet

    stop = _stop_request(lifeline)
    vault, ring = Vault(settings.keys_dir, read_master_key(settings)), read_credential_keys(settings)
    async with AsyncExitStack() as parts:
        store = open_state(settings, create=False)
        parts.callback(store.close)
        book = Book.open(settings.log_dir, settings.worker_stream(slot), vault, settings.log)
        parts.callback(book.close)
        gate = Gate(settings, book, vault, slot, store)
        gate.wallet = Wallet(Safe(store, ring), gate.recorder, vault.subject, settings.console_url)
        run = Run("worker", book)
        gate.place = Place(settings.worker_stream(slot), settings.node, run.boot)
        attendance = Attendance(store, gate.place, lambda: watcher.age_s)
        watcher = Watcher(store, attendance.after(gate.apply), gate.prepare, present=attendance.check)
        # In this order: whoever finds this worker on the list can ask it, and it reads state only once it is there to be found.
        own = unix_socket.listen(settings.worker_socket(slot))
        parts.callback(settings.worker_socket(slot).unlink, missing_ok=True)
        parts.push_async_callback(watcher.stop)
        await attendance.register()
        parts.push_async_callback(attendance.stop, gate.news)
        await watcher.start()
        gate.look, gate.out_of_touch = watcher.look, attendance.out_of_touch
        attendance.start(gate.news)
        await run.started(gate.bundle)
        listening = bind(settings.mcp.host, settings.mcp.port, shared=True)
        neighbours = Neighbours(slot, lambda other: unix_socket.connect(settings.worker_socket(other), _DIAL_S))
        parts.callback(neighbours.close)
        app = GatewayApp(gate, neighbours)
        listeners = [
            Listener(behind(app, settings.trusted_proxies), listening, settings.limits.drain_s),
            Listener(app.of_neighbour, own, settings.limits.drain_s),
        ]
        gc.collect()
        gc.freeze()  # what is there now stays: no collection need look at it again
        reason = await _serve(listeners, stop, lifeline, gate.close)
        await run.stopped(reason)
    return 0


async def _keeper(settings: Settings, lifeline: Lifeline) -> int:
    from gatebook.control import server as control
    from gatebook.control import unix_socket
    from gatebook.control.barrier import node_barrier
    from gatebook.control.desk import Desk
    from gatebook.identity.cutting import Cutting
    from gatebook.identity.journal import Journal
    from gatebook.keeper.background import Background
    from gatebook.keeper.faces import Roll, build_faces
    from gatebook.keeper.status import Status
    from gatebook.keeper.upkeep import Upkeep
    from gatebook.keeper.upstream import build_upstream
    from gatebook.reading.last_call import last_call

    stop = _stop_request(lifeline)
    master_key = read_master_key(settings)
    vault, ring = Vault(settings.keys_dir, master_key), read_credential_keys(settings)
    async with AsyncExitStack() as parts:
        store = open_state(settings)
        parts.callback(store.close)
        book = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
        parts.callback(book.close)
        run = Run("keeper", book)
        roll = Roll(vault.subject, settings)
        watcher = Watcher(store, roll.apply, roll.prepare)
        parts.push_async_callback(watcher.stop)
        await watcher.start()
        await run.started(roll.bundle)
        background = Background(settings, master_key, _stopper(stop, "the search engine stopped over damaged files"))
        parts.push_async_callback(background.stop)
        background.start()
        journal = Journal(store, book, vault.subject)
        upstream = build_upstream(journal, ring, settings.console_url)
        parts.push_async_callback(upstream.revoking.stop)
        upstream.revoking.start()
        latest = functools.partial(last_call, lambda: background.index)
        cutting = Cutting(journal, node_barrier(settings, store), revoke_upstream=upstream.revoking.revoke_all, last_call=latest)
        parts.push_async_callback(cutting.stop)
        desk = Desk(journal, settings.console_url, cutting, roll.idle_limit_s)
        desk.ring = ring
        upkeep = Upkeep(store, cutting, roll.take_uses)
        parts.push_async_callback(upkeep.stop)
        upkeep.start()
        faces = build_faces(settings, desk, vault, background, roll, upstream)
        parts.push_async_callback(asyncio.to_thread, faces.exports.stop)
        parts.push_async_callback(faces.providers.close)
        parts.push_async_callback(faces.visits.stop)
        status = Status(settings, store, book, background, run.boot)
        own = control.create_app(desk, vault.subject, status.report, faces.api)
        listeners = [
            Listener(own, unix_socket.listen(settings.keeper_socket), settings.limits.drain_s),
            Listener(
                behind(faces.public, settings.trusted_proxies), bind(settings.console.host, settings.console.port), settings.limits.drain_s
            ),
        ]
        parts.callback(settings.keeper_socket.unlink, missing_ok=True)
        reason = await _serve(listeners, stop, lifeline)
        await run.stopped(reason)
    return 0


def _stop_request(lifeline: Lifeline) -> StopRequest:
    stop = StopRequest()
    stop.listen()
    lifeline.watch(lambda: stop.set("the supervisor ended"))
    return stop


def _stopper(stop: StopRequest, reason: str) -> Callable[[], None]:
    """How another thread asks to stop."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        loop.call_soon_threadsafe(stop.set, reason)

    return ask


async def _serve(
    listeners: list[Listener], stop: StopRequest, lifeline: Lifeline, drain: Callable[[], Awaitable[None]] | None = None
) -> str:
    """Serve until somebody asks to stop, then stop accepting, let `drain` end what is in flight, and return the reason."""
    serving = [asyncio.create_task(listener.run_until_stopped()) for listener in listeners]
    for task in serving:
        task.add_done_callback(lambda _: stop.set("a listener ended"))
    accepting = asyncio.gather(*(listener.accepting.wait() for listener in listeners))
    accepting.add_done_callback(lambda done: None if done.cancelled() else lifeline.ready())
    reason = await stop.wait()
    for listener in listeners:
        listener.stop()
    accepting.cancel()
    if drain is not None:
        await drain()
    await asyncio.gather(*serving)
    return reason
