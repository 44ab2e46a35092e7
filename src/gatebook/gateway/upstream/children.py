"""The pool of stdio children: who gets which one, how many there may be, and when one is stopped."""

import asyncio
import contextlib
import time
import weakref
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from msgspec import Struct

from gatebook.gateway import wire
from gatebook.gateway.upstream.channel import Channel
from gatebook.gateway.upstream.exchange import HttpFailure, InvalidAnswer
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.gateway.upstream.stdio import Child

_SWEEP_S = 1.0
_START_WAIT_S = 30.0


class ChildSpec(Struct, frozen=True, kw_only=True):
    """How to run the children of one connector, and their limits."""

    connector: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None
    children_max: int
    idle_stop_s: float
    memory_bytes_max: int
    line_bytes_max: int


class ChildNotes(Protocol):
    """What the pool tells the book about children."""

    def child_started(self, connector: str, child: Child, owner: str | None, reason: str) -> None:
        """A child has started."""
        ...

    def child_ended(self, connector: str, child: Child, owner: str | None) -> None:
        """A child has ended; `end_reason` says why."""
        ...


class Slot:
    """One child, its channel, and who it is for."""

    def __init__(self, key: str, owner: str | None, channel: Channel, child: Child) -> None:
        self.key = key
        self.owner = owner
        self.channel = channel
        self.child = child
        self.used_s = time.monotonic()
        self.ready = False


class Children:
    """The children of one connector in this worker."""

    def __init__(self, spec: ChildSpec, notes: ChildNotes) -> None:
        self._spec = spec
        self._notes = notes
        self._slots: dict[str, Slot] = {}
        self._starting: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._sweeper: asyncio.Task[None] | None = None
        self._died: set[str] = set()
        self._freed = asyncio.Condition()
        self._room = asyncio.Lock()
        self._begun = 0

    def __len__(self) -> int:
        return len(self._slots)

    async def slot(self, key: str, owner: str | None, greet: Callable[[Channel], Awaitable[None]], *, exclusive: bool) -> Slot:
        """Return the running child for `key`, started and greeted when there is none. Raises UpstreamError.

        `greet` does the handshake on a fresh channel; the child is handed out only after it.
        """
        lock = self._starting.setdefault(key, asyncio.Lock())
        async with lock:
            slot = self._slots.get(key)
            if slot is None or not slot.ready or slot.channel.dead is not None:
                slot = await self._start(key, owner, greet, exclusive)
            slot.used_s = time.monotonic()
            return slot

    async def _start(self, key: str, owner: str | None, greet: Callable[[Channel], Awaitable[None]], exclusive: bool) -> Slot:
        spec = self._spec
        async with self._room:
            await self._make_room()
            self._begun += 1
        try:
            child = await Child.start(spec.command, spec.env, spec.cwd, spec.line_bytes_max)
        finally:
            self._begun -= 1
        channel = Channel(child, lambda message: _answer_stray(child, message), exclusive=exclusive)
        slot = Slot(key, owner, channel, child)
        self._slots[key] = slot
        child.watch(channel.take, lambda ended: self._ended(slot))
        self._notes.child_started(spec.connector, child, owner, "restart" if key in self._died else "demand")
        self._died.discard(key)
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep())
        try:
            async with asyncio.timeout(_START_WAIT_S):
                await greet(channel)
        except asyncio.CancelledError:
            # Whoever waited for it has gone; a child that was never greeted is of use to nobody.
            stopping = asyncio.ensure_future(self._stop(slot, "start_failed"))
            stopping.add_done_callback(lambda _: None)
            raise
        except (UpstreamError, HttpFailure, InvalidAnswer, TimeoutError) as error:
            await self._stop(slot, "start_failed")
            detail = child.last_words if child.exit_code is not None else f"no handshake: {error or 'no answer in time'}"
            raise UpstreamError("refused", detail) from error
        slot.ready = True
        return slot

    async def _make_room(self) -> None:
        deadline = time.monotonic() + _START_WAIT_S
        while len(self._slots) + self._begun >= self._spec.children_max:
            idle = [slot for slot in self._slots.values() if slot.ready and slot.channel.in_flight == 0]
            if idle:
                await self._stop(min(idle, key=lambda slot: slot.used_s), "evicted")
                continue
            async with self._freed:
                try:
                    await asyncio.wait_for(self._freed.wait(), min(1.0, max(0.01, deadline - time.monotonic())))
                except TimeoutError:
                    if time.monotonic() > deadline:
                        raise UpstreamError("refused", f"all {self._spec.children_max} processes of the connector are busy") from None

    def _ended(self, slot: Slot) -> None:
        child = slot.child
        child.end_reason = child.end_reason or ("crashed" if slot.ready else "start_failed")
        if child.end_reason in ("crashed", "memory", "start_failed"):
            self._died.add(slot.key)
        if self._slots.get(slot.key) is slot:
            del self._slots[slot.key]
        words = (
            child.last_words
            if child.end_reason in ("crashed", "start_failed")
            else f"the connector's process was stopped: {child.end_reason}"
        )
        slot.channel.lost(UpstreamError("broken", words))
        self._notes.child_ended(self._spec.connector, child, slot.owner)
        asyncio.ensure_future(self._tell_freed())

    async def _tell_freed(self) -> None:
        async with self._freed:
            self._freed.notify_all()

    async def _stop(self, slot: Slot, reason: str) -> None:
        slot.channel.lost(UpstreamError("broken", f"the connector's process was stopped: {reason}"))
        if self._slots.get(slot.key) is slot:
            del self._slots[slot.key]
        await slot.child.close(reason)

    async def _sweep(self) -> None:
        """Stop children that are idle for too long or too large."""
        while self._slots:
            await asyncio.sleep(_SWEEP_S)
            for slot in list(self._slots.values()):
                if slot.channel.in_flight:
                    slot.used_s = time.monotonic()
                if slot.child.sample_memory() > self._spec.memory_bytes_max:
                    slot.child.end_reason = "memory"
                    slot.child.kill()
                elif slot.ready and time.monotonic() - slot.used_s > self._spec.idle_stop_s:
                    await self._stop(slot, "idle")

    async def close(self, key: str, reason: str) -> None:
        """Stop one child."""
        slot = self._slots.get(key)
        if slot is not None:
            await self._stop(slot, reason)

    async def close_all(self, reason: str) -> None:
        """Stop all children."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        await asyncio.gather(*(self._stop(slot, reason) for slot in list(self._slots.values())))


async def _answer_stray(child: Child, message: wire.Message) -> None:
    # A request that nobody can be asked must still be answered, or the connector waits for ever.
    if message.kind == "request" and message.id is not None:
        with contextlib.suppress(UpstreamError):
            await child.write(wire.error(message.id, wire.METHOD_NOT_FOUND, "no client is there to be asked"))
