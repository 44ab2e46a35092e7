"""Cut-offs of every kind for the tests of their faces: complete, with failures, and one that still goes on."""

from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.service_accounts import ServiceOrder, put_service_account
from gatebook.state.cut_offs import Ack, Done, Upstream, complete, put_ack
from gatebook.state.store import bump
from gatebook.state.workers import Worker, put_worker
from tests.console.stage import Stage

HOSTILE = "<img src=x onerror=alert(1)> ‮left"
LEAVER, LOST, GOING = "leo@northwind.example", "mina@northwind.example", "noor@northwind.example"
NIGHTLY = "nightly-report"
STREAMS = ("node1-w0", "node1-w1", "node2-w0", "node2-w1")


def populate(stage: Stage, ago_us: int = 300_000_000) -> None:
    """Three receipts: `cut_done` with all that there can be, `cut_lost` with a worker that did not answer, `cut_open` that goes on."""
    now_us = stage.room.clock.wall_us()
    with stage.store.write() as connection:
        for id, name in ((LEAVER, "Leo Marchetti"), (LOST, HOSTILE), (GOING, "Noor Haddad")):
            put_person(connection, Wanted(id=id, name=name, groups=("sales",)), now_us)
        put_service_account(connection, ServiceOrder(id=NIGHTLY, owner=LEAVER, groups=("sales",)), now_us)
        bump(connection)
    with stage.store.write() as connection:
        order = CutOff(id="cut_done", person=LEAVER, cause="administrator", by="nora@northwind.example", detail="Left; laptop not returned")
        cut_off(connection, order, now_us - ago_us)
        acks = [
            Ack(stream=stream, at_us=now_us - ago_us + 9_000 + 11_000 * number, streams=number, calls=number % 2)
            for number, stream in enumerate(STREAMS)
        ]
        upstream = (
            Upstream(connector="crm", credential="crd_1f", outcome="revoked"),
            Upstream(connector="tickets", credential="crd_2a", outcome="failed", detail=f"the connector answered 503 {HOSTILE}"),
            Upstream(connector="wiki", credential="crd_3b", outcome="nothing_offered"),
        )
        at_us = now_us - ago_us
        complete(connection, "cut_done", Done(at_us=at_us + 2_400_000, last_call_us=at_us - 42_000_000, acks=acks, upstream=upstream))
        bump(connection)
    with stage.store.write() as connection:
        order = CutOff(id="cut_lost", person=LOST, cause="token_revocation", by="idp:okta", deactivate=False)
        cut_off(connection, order, now_us - ago_us // 2)
        at_us = now_us - ago_us // 2
        lost = Ack(stream="node2-w1", at_us=at_us + 10_250_000, lost=True)
        done = Done(at_us=at_us + 10_400_000, last_call_us=None, acks=[Ack(stream="node1-w0", at_us=at_us + 7_000), lost], upstream=())
        complete(connection, "cut_lost", done)
        bump(connection)
    with stage.store.write() as connection:
        severed = cut_off(connection, CutOff(id="cut_open", person=GOING, cause="deactivated", by="directory (Okta)"), now_us - 2_000_000)
        put_ack(connection, "cut_open", Ack(stream="node1-w0", at_us=now_us - 1_990_000, streams=1))
        for stream, revision in (("node1-w0", severed.revision), ("node2-w1", severed.revision - 1)):
            put_worker(connection, Worker(stream=stream, node=stream[:5], boot="b", revision=revision, renewed_us=now_us))
        bump(connection)


def finish(stage: Stage) -> None:
    """Let the one that goes on come to its end."""
    now_us = stage.room.clock.wall_us()
    with stage.store.write() as connection:
        put_worker(connection, Worker(stream="node2-w1", node="node2", boot="b", revision=1 << 40, renewed_us=now_us))
        put_worker(connection, Worker(stream="node1-w0", node="node1", boot="b", revision=1 << 40, renewed_us=now_us))
        complete(connection, "cut_open", Done(at_us=now_us, last_call_us=None, acks=[Ack(stream="node2-w1", at_us=now_us)], upstream=()))
        bump(connection)
