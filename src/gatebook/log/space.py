"""Room for records: where the next frame goes, when a new segment is due, and who may still write when none can be made."""

from typing import Final, Literal

from gatebook.log.errors import UnavailableReason
from gatebook.log.frames import FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES
from gatebook.log.recovery import Tail
from gatebook.log.segment import Preparer

_OUTCOME_BYTES: Final = 2048
_STALLED_S: Final = 5.0

Verdict = Literal["here", "roll", "full"]
Use = Literal["opening", "closing", "outcome"]
"""What a record is for: it opens something, it closes something with a payload that could be left out, or it must be written."""


class Space:
    """Keeps count of the open segment and has the next one made in time.

    While no next segment can be had, records that open something leave a reserve untouched: `reserve_bytes`, or more when so many calls
    are open that their outcomes need it.
    """

    def __init__(self, preparer: Preparer, tail: Tail, segment_bytes: int, reserve_bytes: int) -> None:
        self.preparer = preparer
        self._segment_bytes = segment_bytes
        self._capacity = tail.size_bytes
        # More than a quarter kept back would make the writer wait for each next segment.
        self._reserve_bytes = min(reserve_bytes, segment_bytes // 4)
        self._offset = tail.offset
        self._batch = tail.offset
        self.record_bytes_max = segment_bytes // 2

    @property
    def is_fresh(self) -> bool:
        """True when the open segment holds no record."""
        return self._offset == SEGMENT_HEADER_BYTES

    def room(self, size_bytes: int, use: Use, open_calls: int) -> Verdict:
        """Say where a record of this size goes: into the open segment, into the next, which is ready, or nowhere.

        Waits for the next segment when it is being made and the record needs it.
        """
        end = self._offset + FRAME_HEADER_BYTES + size_bytes
        if end * 2 <= self._capacity:
            return "here"
        self.preparer.want()
        verdict = self._judge(end, use, open_calls)
        if verdict == "full" and self.preparer.state == "working":
            self.preparer.settled(_STALLED_S)
            verdict = self._judge(end, use, open_calls)
        return verdict

    def refusal(self, open_calls: int) -> UnavailableReason | None:
        """Return why a record that opens something would be refused now, None when it would not."""
        if self.preparer.state != "failing":
            return None
        return self.preparer.reason if self._offset + _OUTCOME_BYTES + self._kept(open_calls) > self._capacity else None

    def take(self, size_bytes: int, begins_batch: bool) -> int:
        """Use up the room of a frame. Returns the `batch` to write into it."""
        if begins_batch:
            self._batch = self._offset
        self._offset += FRAME_HEADER_BYTES + size_bytes
        return self._batch

    def rolled(self) -> None:
        """The next frame begins a new segment."""
        self._capacity = self._segment_bytes
        self._offset = self._batch = SEGMENT_HEADER_BYTES

    def _judge(self, end: int, use: Use, open_calls: int) -> Verdict:
        if self.preparer.state == "ready":
            return "here" if end <= self._capacity else "roll"
        if use == "outcome":
            kept = 0
        else:
            kept = _OUTCOME_BYTES * open_calls if use == "closing" else self._kept(open_calls)
        return "here" if end + kept <= self._capacity else "full"

    def _kept(self, open_calls: int) -> int:
        return max(self._reserve_bytes, _OUTCOME_BYTES * (open_calls + 1))
