"""Do the readers of the log catch up? Compares the search index with the log, call by call, and the seal with the newest records."""

import time
from typing import Any
from urllib.parse import urlencode

from fault.deployment import Deployment, wait_until
from fault.ledger import Log
from fault.result import Result
from fault.stage import Stage
from gatebook.control.client import KeeperAbsent, KeeperRefused

_PAGE_ROWS = 500
_SHOWN_MAX = 3


def index_faults(deployment: Deployment, log: Log, since_us: int | None, timeout_s: float = 60.0) -> list[str]:
    """Wait until the index holds what the log held, then compare all calls from `since_us` on. Returns what differs."""
    wanted = {stream: seq for stream, seq in log.last_seq.items() if seq}
    late: dict[str, str] = {}

    def caught_up() -> bool:
        snapshot = _page(deployment, {"limit": "1"}).get("positions", {})
        late.clear()
        late.update({stream: f"{snapshot.get(stream, 0)} of {seq}" for stream, seq in wanted.items() if snapshot.get(stream, 0) < seq})
        return not late

    if not wait_until(caught_up, timeout_s, 0.1):
        return [f"the index is still behind after {timeout_s:g} s: {late}"]
    # Rows of the newest calls may be waiting to be inserted; a page shows those too.
    rows = _calls(deployment, since_us)
    expected = {call.id: (call.status, call.method) for call in log.calls.values() if since_us is None or call.time >= since_us}
    missing = [f"{call} {expected[call]}" for call in expected if call not in rows]
    extra = [call for call in rows if call not in log.calls]
    other = [f"{call}: {rows[call]} and not {expected[call]}" for call in expected if call in rows and rows[call] != expected[call]]
    named = (("are not in the index", missing), ("are in the index and not in the log", extra), ("differ in the index", other))
    return [f"{len(calls)} calls {what}: {', '.join(calls[:_SHOWN_MAX])}" for what, calls in named if calls]


def await_sealed(deployment: Deployment, log: Log, timeout_s: float = 90.0) -> list[str]:
    """Wait until every record that the log held is under a signed checkpoint. Returns what is not."""
    report: dict[str, Any] = {}

    def sealed() -> bool:
        report.update(deployment.verify())
        found = {one["name"]: one["sealed_seq"] for one in report.get("streams", [])}
        return all(found.get(stream, 0) >= seq for stream, seq in log.last_seq.items())

    if not wait_until(sealed, timeout_s, 0.5):
        found = {one["name"]: one["sealed_seq"] for one in report.get("streams", [])}
        return [f"not sealed after {timeout_s:g} s: {found} of {log.last_seq}"]
    return [] if report.get("ok") else [f"verify: {report.get('findings')}"]


def check_round(stage: Stage, result: Result, where: str, since_us: int) -> None:
    """All checks after a fault, with the callers at rest: the whole log, `gatebook verify`, and the index from `since_us` on."""
    log = stage.settled_log()
    verdict = stage.judge(log)
    result.count(verdict)
    report = stage.deployment.verify()
    faults = verdict.faults + ([] if report["ok"] else [f"verify: {report.get('first_bad') or report}"])
    result.faults += [f"{where}: {fault}" for fault in faults + index_faults(stage.deployment, log, since_us)]


def _calls(deployment: Deployment, since_us: int | None) -> dict[str, tuple[str, str]]:
    rows: dict[str, tuple[str, str]] = {}
    asked = {"limit": str(_PAGE_ROWS)} | ({"since": str(since_us)} if since_us else {})
    cursor: str | None = None
    while True:
        page = _page(deployment, asked | ({"before": cursor} if cursor else {}))
        rows |= {row["call_id"]: (row["status"], row["method"]) for row in page["calls"]}
        cursor = page["next_cursor"]
        if not cursor:
            return rows


def _page(deployment: Deployment, asked: dict[str, str]) -> dict[str, Any]:
    for patience in range(40, -1, -1):
        try:
            found: dict[str, Any] = deployment.keeper().get(f"/api/v1/calls?{urlencode(asked)}")
            return found
        except (KeeperAbsent, KeeperRefused):
            # The index opens a little after the keeper's socket.
            if not patience:
                raise
            time.sleep(0.25)
    raise AssertionError
