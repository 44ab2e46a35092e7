"""Reads the whole log after a fault and holds it against what the clients heard and what the connector did."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from fault.callers import Heard
from gatebook.control.key_files import read_master_key
from gatebook.log.errors import LogDamaged
from gatebook.log.reader import Entry, StreamReader, streams
from gatebook.log.vault import Vault
from gatebook.record.codec import FIRST_PREV, leaf_hash
from gatebook.record.parts import Payload
from gatebook.settings import Settings

_ENDS = ("call.finished", "call.outcome_unknown")
_KEY = re.compile(rb'"key":\s?"([^"]+)"')
_SHOWN_MAX = 5


class _Outcome(Struct):
    status: str = ""


class Core(Struct):
    """As much of a record as the fault tests look at."""

    id: str
    stream: str
    seq: int
    prev: str
    time: int
    type: str
    call: str = ""
    method: str = ""
    reason: str = ""
    step_us: int = 0
    refused: int = 0
    since: int = 0
    timing: dict[str, int] = {}
    outcome: _Outcome | None = None
    payload: Payload | None = None
    response_dropped: str | None = None


_decode = msgspec.json.Decoder(Core).decode


@dataclass
class Call:
    """A call as the log has it. `ends`: types of the records that say how it ended, in the order of the log."""

    id: str
    stream: str
    time: int
    method: str
    key: str = ""
    refused: bool = False
    ends: list[str] = field(default_factory=list)
    status: str = ""
    response: bytes | None = None
    response_dropped: bool = False


@dataclass
class Log:
    """All streams of a log. `others`: the records that are not part of a call. `damage`: why the reading of a stream ended early."""

    calls: dict[str, Call] = field(default_factory=dict)
    types: Counter[str] = field(default_factory=Counter)
    others: list[Core] = field(default_factory=list)
    timings: list[dict[str, int]] = field(default_factory=list)
    last_seq: dict[str, int] = field(default_factory=dict)
    times: dict[str, list[int]] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)

    def open_calls(self) -> int:
        """How many calls have no outcome."""
        return sum(not call.ends and not call.refused for call in self.calls.values())


def read_log(settings: Settings, *, whole: bool = False) -> Log:
    """Read every stream from its beginning and check the chain on the way. `whole`: also what no writer has vouched for."""
    log = Log()
    vault = Vault(settings.keys_dir, read_master_key(settings))
    for stream in streams(settings.log_dir):
        reader = StreamReader(settings.log_dir / stream, whole=whole)
        previous, seq = FIRST_PREV, 0
        try:
            while entries := reader.read(5000, 16 << 20):
                for entry in entries:
                    core = _decode(entry.core)
                    if core.prev != previous or core.seq != seq + 1 or core.stream != stream:
                        log.damage.append(f"{stream}: record {core.seq} does not follow record {seq}")
                    previous, seq = leaf_hash(entry.core).hex(), core.seq
                    _take(log, core, entry, vault)
        except LogDamaged as damage:
            log.damage.append(str(damage))
        finally:
            reader.close()
        log.last_seq[stream] = seq
    return log


def _take(log: Log, core: Core, entry: Entry, vault: Vault) -> None:
    log.types[core.type] += 1
    log.times.setdefault(core.stream, []).append(core.time)
    parts = vault.open(core.id, core.payload, entry.payload) if core.payload is not None and core.type.startswith("call.") else {}
    if core.type in ("call.started", "call.refused"):
        call = log.calls[core.id] = Call(core.id, core.stream, core.time, core.method, refused=core.type == "call.refused")
        if found := _KEY.search(parts.get("arguments", b"")):
            call.key = found[1].decode()
    elif core.type in _ENDS:
        known = log.calls.get(core.call)
        if known is None:
            log.damage.append(f"{core.stream}: record {core.seq} ends call {core.call}, which was never started")
            return
        call = known
        call.ends.append(core.type)
        call.response_dropped = core.response_dropped is not None
        log.timings.append(core.timing)
    else:
        log.others.append(core)
        return
    call.response = parts.get("response", call.response)
    call.status = core.outcome.status if core.outcome is not None else "unknown" if call.ends else ""


@dataclass
class Verdict:
    """What holding the three against each other gave. Everything from `lost` on is wrong unless it is empty."""

    records: int = 0
    acknowledged: int = 0
    started: int = 0
    finished: int = 0
    unknown: int = 0
    refused: int = 0
    executed: int = 0
    lost: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    without_one_outcome: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong, in sentences."""
        named = (
            ("acknowledged and not in the log as acknowledged", self.lost),
            ("executed by the connector without a record of its start", self.unrecorded),
            ("executed more than once", self.repeated),
            ("started and without exactly one outcome", self.without_one_outcome),
        )
        return [f"{len(keys)} calls {what}: {', '.join(keys[:_SHOWN_MAX])}" for what, keys in named if keys] + self.wrong


def executed_keys(journal: Path) -> list[str]:
    """What the connector wrote down."""
    return journal.read_text().split() if journal.exists() else []


def judge(log: Log, heard: Heard, executed: list[str]) -> Verdict:
    """Compare. Every answer that a client got must be in the log with the same bytes; what was refused as unrecordable must not have run."""
    verdict = Verdict(records=sum(log.types.values()), acknowledged=len(heard.acknowledged), executed=len(executed))
    by_key = {call.key: call for call in log.calls.values() if call.key}
    if len(by_key) != sum(bool(call.key) for call in log.calls.values()):
        verdict.wrong.append("two calls in the log have the same key")
    for call in log.calls.values():
        verdict.refused += call.refused
        verdict.started += not call.refused
        if not call.refused and len(call.ends) != 1:
            verdict.without_one_outcome.append(f"{call.key or call.method} {call.id} {call.ends}")
    verdict.finished, verdict.unknown = log.types["call.finished"], log.types["call.outcome_unknown"]
    for key, answer in heard.answers.items():
        found = by_key.get(key)
        kept = found is not None and (found.response == answer or found.response_dropped)
        if found is None or not kept or (key in heard.acknowledged and found.ends != ["call.finished"]):
            verdict.lost.append(key)
    times = Counter(executed)
    verdict.unrecorded = [key for key in times if key not in by_key or by_key[key].refused]
    verdict.repeated = [key for key, number in times.items() if number > 1]
    ran = sorted(key for key in heard.unavailable if key in times)
    if ran:
        verdict.wrong.append(f"{len(ran)} calls were refused as unrecordable and executed all the same: {', '.join(ran[:_SHOWN_MAX])}")
    if heard.hung:
        verdict.wrong.append(f"{len(heard.hung)} calls hung")
    verdict.wrong += log.damage
    return verdict
