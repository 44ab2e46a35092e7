"""The gateway of one worker: what is in force, who has what open, and the limits."""

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from gatebook.gateway import wire
from gatebook.gateway.attendance import News, Place
from gatebook.gateway.connectors import Runtime
from gatebook.gateway.context import Context
from gatebook.gateway.counts import Counts
from gatebook.gateway.flows import Flows
from gatebook.gateway.governing import Governing, Wanted, decides_alike
from gatebook.gateway.guards import NO_GUARDS, GovernanceKeys, Guarding, Guards, Scanners
from gatebook.gateway.legs import Legs
from gatebook.gateway.names.reader import NamesReader
from gatebook.gateway.names.standing import Standing
from gatebook.gateway.notebook import Notebook
from gatebook.gateway.pinning import Pinning
from gatebook.gateway.recorder import Move, Recorder
from gatebook.gateway.refusal import Refusal
from gatebook.gateway.rounds import Rounds
from gatebook.gateway.sessions import Session, Sessions
from gatebook.gateway.severing import WITHDRAWN, Severing
from gatebook.gateway.upstream.exchange import Leg
from gatebook.gateway.upstream.http import HttpLeg
from gatebook.gateway.wallet import Wallet
from gatebook.identity.directory import Directory, Principal
from gatebook.identity.machines import Machines
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable, RecordTooLarge
from gatebook.log.vault import Vault
from gatebook.record.parts import Decision
from gatebook.settings import Settings
from gatebook.state.cut_offs import Cut
from gatebook.state.snapshot import Snapshot
from gatebook.state.store import Store

if TYPE_CHECKING:
    from gatebook.gateway.live import Live

_PART_BYTES_MAX = 8 << 20
_BEAT_S = 1.0
_BEATS_A_SWEEP = 10
_logger = logging.getLogger(__name__)


class Gate:
    """Built once per worker. `apply` swaps what is in force; calls in flight end under what they began with."""

    def __init__(self, settings: Settings, book: Book, vault: Vault, slot: int = 0, store: Store | None = None) -> None:
        """Without a store nothing can be approved for a single use."""
        self.settings = settings
        # A quarter of a segment always fits into a record with all that is around it.
        self.recorder = Recorder(book, min(_PART_BYTES_MAX, settings.log.segment_bytes // 4))
        self.sessions = Sessions(slot, settings.limits.sessions_max, settings.limits.session_idle_s)
        self.legs = Legs()
        self.rounds = Rounds()
        self.runtimes: dict[str, Runtime] = {}
        self.directory: Directory | None = None
        self.keys = GovernanceKeys(vault)
        self._scanners = Scanners()
        self._prepared: tuple[Snapshot, Governing, Guarding] | None = None
        self.governing, self.guarding = self.prepare(Snapshot())
        self.notebook = Notebook(store) if store is not None else None
        self.wallet: Wallet | None = None
        """Sealed credentials; set before the first snapshot. Without it there are only those that headers say."""
        self.pinning = Pinning(Snapshot(), self.notebook, self.recorder)
        self.flows = Flows(vault.derive("canary 1"))
        self.counts = Counts(settings.run_dir / "counts", slot)
        self.names = NamesReader(settings.presidio.python, Standing(settings.run_dir, slot))
        self.waiting = 0
        self.severing = Severing(self._may_go_on)
        self.look: Callable[[float], Awaitable[None]] | None = None
        """Looks into state at once, at least so many seconds after the look before: `Watcher.look`."""
        self.place: Place | None = None
        self.out_of_touch: Callable[[], str | None] = lambda: None
        """Why this worker may decide nothing, None while it may: it has lost touch with state for longer than its lease."""
        self.slot = slot
        self._subject_of = vault.subject
        self.machines = Machines(vault.subject)
        self._live: set[Live] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._per_person: Counter[str] = Counter()
        self._own_ids = itertools.count(1)
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def bundle(self) -> str:
        """Hash of the configuration in force, as decisions carry it."""
        return self.governing.name

    def prepare(self, snapshot: Snapshot) -> tuple[Governing, Guarding]:
        """Compile a snapshot, in any thread; detectors take a second. Raises BundleError or ValueError for one that does not fit together."""
        before = self._prepared
        if before is not None and (before[0] is snapshot or decides_alike(before[0], snapshot)):
            governing, guarding = before[1:]
        else:
            governing = Governing(snapshot)
            guarding = Guarding(snapshot, governing.bundle, self._scanners, self.keys.values)
        self._prepared = (snapshot, governing, guarding)
        return governing, guarding

    def apply(self, snapshot: Snapshot) -> None:
        """Put a new snapshot in force. Raises BundleError or ValueError for one that does not fit together; then nothing changes."""
        self.governing, self.guarding = self.prepare(snapshot)
        self.pinning.apply(snapshot)
        self.flows.apply(snapshot)
        if self.wallet is not None:
            self.wallet.look_again()
        self.names.apply(self.guarding.presidio)
        self.directory = Directory(snapshot, self._subject_of, auth=self.settings.mcp.auth, before=self.directory)
        for name in list(self.runtimes):
            current = snapshot.connectors.get(name)
            if current is None or current != self.runtimes[name].connector:
                self.spawn(self._retire(self.runtimes.pop(name)))
        for name, connector in snapshot.connectors.items():
            if name not in self.runtimes:
                self.runtimes[name] = Runtime(connector, self.settings, os.environ, self.recorder, self.wallet)
        self._withdraw(snapshot.cuts)
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep())

    async def _retire(self, runtime: Runtime) -> None:
        """Let the calls of a connector that was changed or deleted end, then close it."""
        for session in self.sessions:
            if (leg := session.legs.pop(runtime.name, None)) is not None:
                self.legs.forget(leg)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(runtime.timeout_s):
                while runtime.in_flight:  # noqa: ASYNC110 - a count, looked at while a configuration changes, not an event
                    await asyncio.sleep(0.1)
        await runtime.close("changed")

    def _withdraw(self, cuts: Sequence[Cut] = ()) -> None:
        """End calls and streams of people whose token or access is gone, and all that is kept for those who were cut off."""
        gone = self.severing.withdraw(self._live, cuts)
        for session in self.sessions:
            if session.person in gone:
                self.sessions.drop(session)
                self.spawn(self._end_session(session))
        for person in gone:
            self.spawn(self._close_children(f"person:{person}", "cut_off"))

    async def _end_session(self, session: Session) -> None:
        await session.close("cut_off")
        await self.close_children(session.id, "cut_off")

    def news(self, uses: bool = True) -> News:
        """What this worker tells of itself; `uses`: also when tokens were last used, which is told once."""
        directory = self.directory
        if directory is None:
            return News(-1, {}, {})
        used = dict(directory.used) if uses else {}
        if uses:
            directory.used.clear()
        ended = self.severing.ended(cut.id for cut in directory.snapshot.cuts)
        return News(directory.snapshot.revision, ended, used)

    def check_still(self, who: Principal) -> None:
        """Raise Refusal when somebody who was let in would not be now: a request may take long to arrive, or wait for an approval."""
        if (apart := self.out_of_touch()) is not None:
            raise unavailable(apart)
        if self.directory is not None and not self.directory.still(who, time.time_ns() // 1000):
            raise Refusal(wire.INVALID_REQUEST, WITHDRAWN, status=401, error_class="auth")

    def _may_go_on(self, who: Principal, connector: str | None) -> bool:
        """Tell whether somebody who began something would be let in now, by what is in force now."""
        if self.directory is None or not self.directory.still(who, time.time_ns() // 1000):
            return False
        if connector is None:
            return True
        runtime, person = self.runtimes.get(connector), self.directory.snapshot.people.get(who.person)
        groups = who.groups if person is None else person.groups
        return runtime is not None and self.governing.connects(msgspec.structs.replace(who, groups=groups), connector)

    def take_place(self, context: Context, runtime: Runtime | None) -> Callable[[], None]:
        """Count a call in; the returned function counts it out. Raises Refusal above a limit, and when access is gone by now."""
        self.check_still(context.principal)
        limits, person = self.settings.limits, context.principal.person
        if len(self._live) >= limits.concurrency_max:
            raise _overloaded(f"the gateway has {limits.concurrency_max} calls in flight")
        if self._per_person[person] >= limits.person_concurrency_max:
            raise _overloaded(f"you have {limits.person_concurrency_max} calls in flight")
        if runtime is not None and runtime.in_flight >= runtime.concurrency_max:
            raise _overloaded(f"the connector {runtime.name} has {runtime.concurrency_max} calls in flight")
        self._per_person[person] += 1
        if runtime is not None:
            runtime.in_flight += 1

        def release() -> None:
            self._per_person[person] -= 1
            if not self._per_person[person]:
                del self._per_person[person]
            if runtime is not None:
                runtime.in_flight -= 1

        return release

    def remember(self, live: "Live") -> None:
        """A call is in flight."""
        self._live.add(live)
        if live.session is not None and live.message.id is not None:
            live.session.live[live.message.id] = live

    def forget(self, live: "Live") -> None:
        """A call is over, unless its answer will come on another stream."""
        if live.detached:
            return
        self._live.discard(live)
        if live.session is not None and live.message.id is not None and live.session.live.get(live.message.id) is live:
            del live.session.live[live.message.id]

    def detach(self, live: "Live") -> None:
        """The answer will come on the session's own stream; if it does not, the call ends as timed out."""
        live.detached = True
        timeout_s = (
            live.plan.runtime.timeout_s if live.plan is not None and live.plan.runtime is not None else self.settings.limits.timeout_s
        )
        live.task = self.spawn(self._expire(live, timeout_s))

    async def _expire(self, live: "Live", timeout_s: float) -> None:
        from gatebook.gateway import call  # call builds on the gate
        from gatebook.gateway import outcome as judge

        outcome = judge.of_failure("timeout", f"no answer within {timeout_s:g} s")
        try:
            await asyncio.sleep(timeout_s)
        except asyncio.CancelledError:
            outcome = judge.of_failure("cancelled", live.why_cancelled or "the gateway is stopping")
            outcome = msgspec.structs.replace(outcome, error_class=live.cancelled_class)
        if live.detached:
            live.detached = False
            await call.finish(self, live, outcome, None)
            self.forget(live)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the calls; it is kept until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("a background task failed: %s", type(error).__name__, exc_info=error)

    def lose_leg(self, live: "Live", leg: Leg) -> None:
        """The connector has forgotten the session that the gateway holds with it: the next call opens another."""
        if isinstance(leg, HttpLeg) and leg.session is not None:
            self.legs.forget(leg)
            if live.session is not None and live.session.connector is None and live.asked.connector is not None:
                live.session.legs.pop(live.asked.connector, None)

    def own_request_id(self) -> bytes:
        """Return an id for a request of the gateway's own."""
        return b'"gatebook-%d"' % next(self._own_ids)

    def let_through(self, connector: str) -> None:
        """A call goes on unrecorded because its connector says so: that must not pass unnoticed."""
        _logger.critical("UNRECORDED CALL let through for connector %s: on_log_failure is allow and the log cannot be written", connector)

    def note(self, context: Context, message: wire.Message, move: Move) -> None:
        """Record a message that is not waited for."""
        with contextlib.suppress(LogUnavailable, RecordTooLarge):
            self.recorder.relayed(context, message, move)

    def note_fault(self, error: Exception) -> None:
        """A call failed by a fault of the gateway's own."""
        _logger.error("a call failed: %s", type(error).__name__, exc_info=error)

    def may_use(self, context: Context, runtime: Runtime) -> bool:
        """Tell whether the person may connect to the connector."""
        return self.decide(context, Wanted(runtime, "initialize")).effect == "allowed"

    def decide(self, context: Context, wanted: Wanted) -> Decision:
        """Decide a request of a client, its limits aside."""
        return self.governing.decide(self.governing.request(context, wanted, time.time_ns() // 1000), None)

    def guards(self, context: Context, connector: str | None) -> Guards:
        """The guardrails for a message that belongs to no call."""
        runtime = self.runtimes.get(connector or "")
        if runtime is None or not self.guarding.any:
            return NO_GUARDS
        return self.guarding.of(self.governing.request(context, Wanted(runtime, "message"), time.time_ns() // 1000), None)

    def visible(self, context: Context, runtime: Runtime, tool: str) -> bool:
        """Tell whether a tool is listed for a client: whether it may be called with some arguments."""
        request = self.governing.request(context, Wanted(runtime, "tools/call", tool), time.time_ns() // 1000)
        if self.pinning.standing(runtime, tool) != "approved":
            return False
        return self.governing.candidates(request).visible(request.time_us)

    def saw_tools(self, runtime: Runtime, method: str, result: bytes, *, complete: bool) -> None:
        """Note, in the background, what a connector lists; `complete`: it lists nothing else."""
        if method == "tools/list":
            listed = [wire.text_of(wire.raw_map(bytes(tool)).get("name")) for tool in wire.raw_list(wire.raw_map(result).get("tools"))]
            tools = [runtime.catalog.tools[name].definition for name in listed if name is not None and name in runtime.catalog.tools]
            self.spawn(self.pinning.saw(runtime, tools, complete=complete))

    def note_unlisted(self, runtime: Runtime, reason: str) -> None:
        """A connector could not be listed; the others were."""
        _logger.warning("connector %s could not be listed: %s", runtime.name, reason)

    async def _sweep(self) -> None:
        for beat in itertools.count(1):
            await asyncio.sleep(_BEAT_S)
            self._withdraw()  # tokens expire without a change of state
            if (apart := self.out_of_touch()) is not None:
                self.severing.end_streams(self._live, apart)
            self.counts.look_again()
            if beat % _BEATS_A_SWEEP:
                continue
            for session in self.sessions.surplus():
                await session.close("idle")
                await self.close_children(session.id, "idle")
            await self.legs.sweep()

    async def close_children(self, session_id: str, reason: str) -> None:
        """Stop the stdio children that were started for a session."""
        await self._close_children(f"session:{session_id}", reason)

    async def _close_children(self, key: str, reason: str) -> None:
        for runtime in list(self.runtimes.values()):
            if runtime.children is not None:
                await runtime.children.close(key, reason)

    async def close(self) -> None:
        """End everything: calls in flight get their time, then are cancelled, each with its record."""
        deadline = asyncio.get_running_loop().time() + self.settings.limits.drain_s
        self.severing.end_streams((), "the gateway is stopping")
        while self._live and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - only once, at the end
            await asyncio.sleep(0.05)
        for live in list(self._live):
            live.cancel("the gateway is stopping")
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self.legs.close()
        for runtime in self.runtimes.values():
            await runtime.close("stopped")
        await self.names.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.wallet is not None:
            await self.wallet.close()
        if self.notebook is not None:
            await asyncio.to_thread(self.notebook.close)
        self.counts.close()


def _overloaded(text: str) -> Refusal:
    return Refusal(wire.OVERLOADED, f"Too many calls at once: {text}. Try again shortly.", status=503, error_class="overloaded")


def unavailable(apart: str) -> Refusal:
    """The refusal of a worker that may decide nothing."""
    return Refusal(wire.STATE_UNAVAILABLE, apart, status=503, error_class="state_unavailable")
