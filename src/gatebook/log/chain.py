"""The state that each record follows from: sequence number, hash of the record before, calls in flight."""

from dataclasses import dataclass, field

from gatebook.record.base import Body
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallStarted
from gatebook.record.codec import FIRST_PREV, encode_core, leaf_hash


@dataclass
class Chain:
    """The end of a stream as the next record sees it. `open_calls`: seq of call.started by id of the call."""

    stream: str
    seq: int = 0
    prev: str = FIRST_PREV
    open_calls: dict[str, int] = field(default_factory=dict)

    def encode(self, body: Body, id: str, time_us: int) -> bytes:
        """Return the core that the body becomes if it is the next record."""
        return encode_core(body, id=id, stream=self.stream, seq=self.seq + 1, prev=self.prev, time_us=time_us)

    def advance(self, body: Body, id: str, core: bytes) -> None:
        """Take the record as the newest."""
        self.seq += 1
        self.prev = leaf_hash(core).hex()
        if isinstance(body, CallStarted):
            self.open_calls[id] = self.seq
        elif isinstance(body, CallFinished | CallOutcomeUnknown):
            self.open_calls.pop(body.call, None)
