"""Ends what people have open in a worker once their token or access is gone, and counts it for the receipt of a cut-off."""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gatebook.identity.directory import Principal
from gatebook.state.cut_offs import Cut

if TYPE_CHECKING:
    from gatebook.gateway.live import Live

CUT_OFF: Final = "the person was cut off"
WITHDRAWN: Final = "access was withdrawn"
LISTEN: Final = "subscriptions/listen"
_ENDED_MAX = 10_000


class Ended(Struct, frozen=True):
    """What a cut-off ended here, and when it was in force, microseconds since 1970."""

    at_us: int
    streams: int
    calls: int


class Severing:
    """The open streams of one worker, and what each cut-off has ended. `goes_on(principal, connector)` says who may go on by what is in force."""

    def __init__(self, goes_on: Callable[[Principal, str | None], bool]) -> None:
        self._goes_on = goes_on
        self._streams: dict[object, tuple[Principal, str | None, Callable[[], object]]] = {}
        self._ended: OrderedDict[str, Ended] = OrderedDict()

    @contextlib.contextmanager
    def streaming(self, who: Principal, connector: str | None, end: Callable[[], object]) -> Iterator[None]:
        """While this lasts, `end` is called when the person's token or access is withdrawn."""
        key = object()
        self._streams[key] = (who, connector, end)
        try:
            yield
        finally:
            del self._streams[key]

    def withdraw(self, calls: Iterable["Live"], cuts: Iterable[Cut] = ()) -> frozenset[str]:
        """End calls and streams of people whose token or access is gone; returns who of them was cut off since the last time."""
        new = {cut.person: cut.id for cut in cuts if cut.id not in self._ended}
        streams, cancelled = dict.fromkeys(new, 0), dict.fromkeys(new, 0)
        for who, connector, end in list(self._streams.values()):
            if not self._goes_on(who, connector):
                end()
                if who.person in new:
                    streams[who.person] += 1
        for live in list(calls):
            who, runtime = live.context.principal, live.plan.runtime if live.plan is not None else None
            if self._goes_on(who, None if runtime is None else runtime.name):
                continue
            if who.person not in new:
                live.cancel(WITHDRAWN)
                continue
            live.cancel(CUT_OFF, "cut_off")
            (streams if live.message.method == LISTEN else cancelled)[who.person] += 1
        at_us = time.time_ns() // 1000
        for cut in cuts:
            if cut.id not in self._ended:
                # Of several cut-offs of one person at once the last one has done it.
                did = new[cut.person] == cut.id
                self._keep(cut.id, Ended(at_us, streams[cut.person] if did else 0, cancelled[cut.person] if did else 0))
        return frozenset(new)

    def end_streams(self, calls: Iterable["Live"], reason: str) -> None:
        """End what stays open without an end of its own: streams, and calls that listen."""
        for _, _, end in list(self._streams.values()):
            end()
        for live in list(calls):
            if live.message.method == LISTEN:
                live.cancel(reason)

    def ended(self, cut_offs: Iterable[str]) -> dict[str, Ended]:
        """What these cut-offs ended here, of those that are in force."""
        return {id: self._ended[id] for id in cut_offs if id in self._ended}

    def _keep(self, id: str, ended: Ended) -> None:
        self._ended[id] = ended
        if len(self._ended) > _ENDED_MAX:
            self._ended.popitem(last=False)
