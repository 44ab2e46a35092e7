"""Which records the leaves of the tree are: lines `<first leaf> <stream> <first seq> <count>`, in the order of leaves."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LINE = re.compile(rb"(\d{1,19}) ([a-z0-9-]{1,64}) ([1-9]\d{0,18}) ([1-9]\d{0,18})\n")


class Run(NamedTuple):
    """Leaves that are consecutive records of one stream."""

    first_leaf: int
    stream: str
    first_seq: int
    length: int

    def line(self) -> bytes:
        """Return the line that is stored."""
        return f"{self.first_leaf} {self.stream} {self.first_seq} {self.length}\n".encode()


class RunsError(ValueError):
    """The file of runs is not what a sealer writes."""


class Runs:
    """The runs of the tree of `size` leaves, for both directions: record to leaf and leaf to record. 24 bytes to a run."""

    def __init__(self) -> None:
        self.size = 0
        self._leaves: array[int] = array("Q")
        self._names: array[int] = array("Q")
        self._streams: list[str] = []
        self._by_stream: dict[str, tuple[array[int], array[int]]] = {}  # first seqs, first leaves
        self._heads: dict[str, int] = {}

    @property
    def heads(self) -> dict[str, int]:
        """The last seq of each stream that is in the tree."""
        return self._heads

    def add(self, run: Run) -> None:
        """Append a run. Raises RunsError when it does not continue leaves and stream."""
        if run.first_leaf != self.size:
            raise RunsError(f"a run begins at leaf {run.first_leaf}, but the one before ends at {self.size}")
        expected = self._heads.get(run.stream, 0) + 1
        if run.first_seq != expected:
            raise RunsError(
                f"the run at leaf {run.first_leaf} begins with record {run.first_seq} of stream {run.stream} instead of {expected}"
            )
        if run.stream not in self._by_stream:
            self._streams.append(run.stream)
            self._by_stream[run.stream] = (array("Q"), array("Q"))
        name = self._streams.index(run.stream)
        if not self._names or self._names[-1] != name:
            self._leaves.append(run.first_leaf)
            self._names.append(name)
            seqs, leaves = self._by_stream[run.stream]
            seqs.append(run.first_seq)
            leaves.append(run.first_leaf)
        self._heads[run.stream] = run.first_seq + run.length - 1
        self.size += run.length

    def spans(self, stream: str, first_seq: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Split records into (first seq, first leaf, count) that are together in the tree; what is not sealed is left out."""
        if stream not in self._by_stream:
            return
        seqs, leaves = self._by_stream[stream]
        end = min(first_seq + count, self._heads[stream] + 1)
        at = bisect_right(seqs, first_seq) - 1
        while first_seq < end:
            stop = min(end, seqs[at + 1]) if at + 1 < len(seqs) else end
            yield first_seq, leaves[at] + first_seq - seqs[at], stop - first_seq
            first_seq, at = stop, at + 1

    def leaf_of(self, stream: str, seq: int) -> int | None:
        """Return the leaf of a record; None when it is not sealed."""
        return next((leaf for _, leaf, _ in self.spans(stream, seq, 1)), None) if seq > 0 else None

    def record_of(self, leaf: int) -> tuple[str, int]:
        """Return stream and seq of a leaf below `size`."""
        at = bisect_right(self._leaves, leaf) - 1
        stream = self._streams[self._names[at]]
        seqs, leaves = self._by_stream[stream]
        own = bisect_right(leaves, leaf) - 1
        return stream, seqs[own] + leaf - leaves[own]

    def heads_at(self, size: int) -> dict[str, int]:
        """Return the last seq of each stream in the tree of the first `size` leaves."""
        heads = {}
        for stream, (seqs, leaves) in self._by_stream.items():
            at = bisect_right(leaves, size - 1) - 1
            if size and at >= 0:
                end = seqs[at + 1] - 1 if at + 1 < len(seqs) else self._heads[stream]
                heads[stream] = min(end, seqs[at] + size - 1 - leaves[at])
        return heads


def load_runs(path: Path, size: int) -> Runs:
    """Read the runs of the first `size` leaves; what follows was never signed and is left out. Raises RunsError."""
    runs = Runs()
    if not size:
        return runs
    try:
        with open(path, "rb") as file:
            for line in file:
                if runs.size >= size:
                    break
                match = _LINE.fullmatch(line)
                if match is None:
                    raise RunsError(f"the line after leaf {runs.size} is malformed")
                first_leaf, first_seq, count = int(match[1]), int(match[3]), int(match[4])
                if first_leaf == runs.size and first_leaf + count > size:
                    raise RunsError(f"a run crosses the checkpoint at {size} leaves")
                runs.add(Run(first_leaf, match[2].decode(), first_seq, count))
    except FileNotFoundError:
        raise RunsError("the file of runs is missing") from None
    if runs.size != size:
        raise RunsError(f"the runs end at leaf {runs.size}, the checkpoint has {size}")
    return runs
