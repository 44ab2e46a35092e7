"""Counts the same calls in three places: as the clients sent them, as the log holds them, and as the index finds them."""

from collections import Counter
from pathlib import Path
from typing import Any

from gatebook.log.reader import StreamReader, streams
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted, ConnectorTools
from gatebook.record.body_access import SignedIn
from gatebook.record.body_directory import AccessCutOff, AccessCutOffDone, DirectoryRequest
from gatebook.record.codec import decode_body, decode_header
from gatebook.record.parts import Effect

CALLS = "tools/call"
EFFECTS: tuple[Effect, ...] = ("allowed", "blocked", "redacted", "pending")
DETECTORS = ("secret/aws_access_key_id", "pii/credit_card", "pii/email", "pii/phone_intl")
QUARANTINED = ("crm/merge_customers",)
"""What must come up in every demo."""
IDENTITY = ("sign_ins", "directory_requests", "cut_offs", "cut_offs_complete", "streams_closed", "calls_cut_off", "upstream_revoked")
"""Likewise, each once at least."""


def count_log(log_dir: Path) -> dict[str, Any]:
    """Count tool calls in the log: started, finished, unknown, refused, by status, and all records."""
    started: set[str] = set()
    counts: Counter[str] = Counter(started=0, finished=0, unknown=0, refused=0, records=0)
    status: Counter[str] = Counter()
    effects: dict[str, Effect] = {}
    findings: Counter[str] = Counter()
    quarantined: set[str] = set()
    identity: Counter[str] = Counter(dict.fromkeys(IDENTITY, 0))
    for stream in streams(log_dir):
        reader = StreamReader(log_dir / stream)
        while entries := reader.read():
            for entry in entries:
                counts["records"] += 1
                body = decode_body(entry.core)
                identity.update(_of_identity(body))
                for finding in getattr(body, "findings", ()):
                    findings[finding.detector] += finding.count
                if isinstance(body, ConnectorTools):
                    quarantined |= {f"{body.connector}/{listed.tool}" for listed in body.new if listed.state != "approved"}
                if isinstance(body, CallStarted) and body.method == CALLS:
                    started.add(decode_header(entry.core).id)
                    effects[decode_header(entry.core).id] = body.decision.effect if body.decision else "allowed"
                    counts["started"] += 1
                elif isinstance(body, CallRefused) and body.method == CALLS:
                    counts["refused"] += 1
                    if body.decision is not None:
                        effects[decode_header(entry.core).id] = body.decision.effect
                    status[body.outcome.status] += 1
                elif isinstance(body, CallFinished) and body.call in started:
                    counts["finished"] += 1
                    if body.decision is not None:
                        effects[body.call] = body.decision.effect
                    status[body.outcome.status] += 1
                elif isinstance(body, CallOutcomeUnknown) and body.call in started:
                    counts["unknown"] += 1
                    status["unknown"] += 1
        reader.close()
    governed = {"decisions": dict(sorted(Counter(effects.values()).items())), "findings": dict(findings.most_common())}
    return {**counts, "status": dict(sorted(status.items())), **governed, "quarantined": sorted(quarantined), **identity}


def _of_identity(body: object) -> dict[str, int]:
    """What a record adds to the counts of `IDENTITY`."""
    match body:
        case SignedIn():
            return {"sign_ins": 1}
        case DirectoryRequest():
            return {"directory_requests": 1}
        case AccessCutOff():
            return {"cut_offs": 1}
        case AccessCutOffDone(streams=streams, calls=calls, upstream_revoked=revoked):
            return {"cut_offs_complete": 1, "streams_closed": streams, "calls_cut_off": calls, "upstream_revoked": revoked}
    return {}


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
    if tally["cut_offs"] != tally["cut_offs_complete"]:
        found.append(f"{tally['cut_offs']} people were cut off, {tally['cut_offs_complete']} receipts are complete")
    if not tally["verified"]:
        found.append("the log does not verify")
    found += [f"no call was {effect}" for effect in EFFECTS if not tally["decisions"].get(effect)]
    found += [f"{detector} was not found" for detector in DETECTORS if not tally["findings"].get(detector)]
    found += [f"there are no {name.replace('_', ' ')}" for name in IDENTITY if not tally[name]]
    found += [f"{tool} is not quarantined" for tool in QUARANTINED if tool not in tally["quarantined"]]
    return found
