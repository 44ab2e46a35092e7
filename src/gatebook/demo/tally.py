"""Counts the same calls in three places: as the clients sent them, as the log holds them, and as the index finds them."""

from collections import Counter
from pathlib import Path
from typing import Any

from gatebook.log.reader import StreamReader, streams
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted
from gatebook.record.codec import decode_body, decode_header

CALLS = "tools/call"


def count_log(log_dir: Path) -> dict[str, Any]:
    """Count tool calls in the log: started, finished, unknown, refused, by status, and all records."""
    started: set[str] = set()
    counts: Counter[str] = Counter(started=0, finished=0, unknown=0, refused=0, records=0)
    status: Counter[str] = Counter()
    for stream in streams(log_dir):
        reader = StreamReader(log_dir / stream)
        while entries := reader.read():
            for entry in entries:
                counts["records"] += 1
                body = decode_body(entry.core)
                if isinstance(body, CallStarted) and body.method == CALLS:
                    started.add(decode_header(entry.core).id)
                    counts["started"] += 1
                elif isinstance(body, CallRefused) and body.method == CALLS:
                    counts["refused"] += 1
                    status[body.outcome.status] += 1
                elif isinstance(body, CallFinished) and body.call in started:
                    counts["finished"] += 1
                    status[body.outcome.status] += 1
                elif isinstance(body, CallOutcomeUnknown) and body.call in started:
                    counts["unknown"] += 1
                    status["unknown"] += 1
        reader.close()
    return {**counts, "status": dict(sorted(status.items()))}


def disagreements(tally: dict[str, Any]) -> list[str]:
    """Return every pair of counts that should agree and does not, in words."""
    found = []
    recorded = tally["started"] + tally["refused"]
    if tally["calls"] != recorded:
        found.append(f"the clients sent {tally['calls']} calls, the log holds {recorded}")
    ended = tally["finished"] + tally["unknown"]
    if tally["started"] != ended:
        found.append(f"{tally['started']} calls were started, {ended} have an outcome")
    if tally["indexed"] != recorded:
        found.append(f"the log holds {recorded} calls, the index {tally['indexed']}")
    if not tally["verified"]:
        found.append("the log does not verify")
    return found
