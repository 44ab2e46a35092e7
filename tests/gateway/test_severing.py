"""Who is cut off loses what is open, each thing is counted once, and everybody else goes on."""

from typing import Any

import msgspec

from gatebook.gateway import severing as module
from gatebook.gateway import wire
from gatebook.gateway.context import Context
from gatebook.gateway.live import Live
from gatebook.gateway.recorder import Asked
from gatebook.gateway.severing import CUT_OFF, LISTEN, WITHDRAWN, Ended, Severing
from gatebook.identity.directory import Principal, make_principal
from gatebook.record.parts import Client, Source
from gatebook.state.cut_offs import Cut
from gatebook.state.snapshot import Person

ANN, BOB = (make_principal(Person(id=id), id, "token", f"t-{id}") for id in ("ann", "bob"))


def live(who: Principal, method: str = "tools/call") -> Live:
    """A call in flight."""
    context = Context(
        endpoint="/mcp",
        connector=None,
        headers={},
        source=Source(ip="127.0.0.1", port=1),
        received_ns=0,
        modern=True,
        principal=who,
        actor=who.actor,
        client=Client(),
        protocol="2026-07-28",
    )
    return Live(context, msgspec.structs.replace(wire.Message("request", b""), method=method), Asked(connector=None, params=None), None)


class Open:
    """Streams of Ann and Bob; `gone` says who is refused now."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.ended: list[str] = []
        self.severing = Severing(lambda who, connector: who.person not in self.gone)
        self.held: list[Any] = []
        for who in (ANN, ANN, BOB):
            held = self.severing.streaming(who, None, lambda who=who: self.ended.append(who.person))  # type: ignore[misc]
            held.__enter__()
            self.held.append(held)


def test_a_cut_off_ends_streams_and_calls_and_says_how_many() -> None:
    """A call that listens is a stream; the others are cancelled with the reason. What Bob has goes on."""
    opened = Open()
    calls = [live(ANN), live(ANN, LISTEN), live(BOB)]
    opened.gone.add("ann")
    assert opened.severing.withdraw(calls, (Cut(id="c1", person="ann"),)) == {"ann"}
    assert opened.ended == ["ann", "ann"]
    assert [(call.why_cancelled, call.cancelled_class) for call in calls] == [(CUT_OFF, "cut_off")] * 2 + [(None, "cancelled")]
    ended = opened.severing.ended(["c1", "c9"])
    assert list(ended) == ["c1"] and (ended["c1"].streams, ended["c1"].calls) == (3, 1)


def test_it_is_counted_once_and_stays_known() -> None:
    """Later snapshots carry the same cut-off; they end nothing again, and do not touch who signed in anew."""
    opened = Open()
    opened.gone.add("ann")
    cuts = (Cut(id="c1", person="ann"),)
    opened.severing.withdraw([], cuts)
    before = opened.severing.ended(["c1"])
    opened.gone.clear()
    for held in opened.held[:2]:
        held.__exit__(None, None, None)
    fresh = live(ANN)
    assert opened.severing.withdraw([fresh], cuts) == frozenset()
    assert fresh.why_cancelled is None and opened.severing.ended(["c1"]) == before


def test_access_that_is_lost_otherwise_is_called_so() -> None:
    """A revoked token or a lost group is no cut-off, and is on no receipt."""
    opened = Open()
    opened.gone.add("ann")
    call = live(ANN)
    assert opened.severing.withdraw([call]) == frozenset()
    assert (call.why_cancelled, call.cancelled_class, opened.ended) == (WITHDRAWN, "cancelled", ["ann", "ann"])


def test_of_two_cut_offs_at_once_one_has_ended_it() -> None:
    """The sum over the receipts is what was ended."""
    opened = Open()
    opened.gone.add("ann")
    opened.severing.withdraw([], (Cut(id="c1", person="ann"), Cut(id="c2", person="ann")))
    assert sum(one.streams for one in opened.severing.ended(["c1", "c2"]).values()) == 2


def test_streams_end_when_the_worker_may_decide_nothing() -> None:
    """Calls that have an end of their own go on; those that listen have none."""
    opened = Open()
    calls = [live(ANN), live(BOB, LISTEN)]
    opened.severing.end_streams(calls, "out of touch")
    assert sorted(opened.ended) == ["ann", "ann", "bob"]
    assert [call.why_cancelled for call in calls] == [None, "out of touch"]


def test_what_is_remembered_has_a_limit(monkeypatch: Any) -> None:
    """The oldest goes first."""
    monkeypatch.setattr(module, "_ENDED_MAX", 3)
    severing = Severing(lambda who, connector: True)
    for number in range(5):
        severing.withdraw([], (Cut(id=f"c{number}", person="ann"),))
    found = severing.ended([f"c{number}" for number in range(5)])
    assert list(found) == ["c2", "c3", "c4"] and all(isinstance(one, Ended) for one in found.values())
