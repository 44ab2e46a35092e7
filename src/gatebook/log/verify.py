"""Checks a whole log, or a part of it, against itself, its key, and checkpoints that were kept elsewhere. Changes nothing; may run beside a writer.

Trust comes from outside: a key or a checkpoint that was kept elsewhere. Without them the log can only be shown to agree with itself.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gatebook.log.checkpoints import LocalCheckpoints, find_checkpoint, load_checkpoints, load_key, open_any
from gatebook.log.note import Checkpoint, Head, VerifierKey
from gatebook.log.position import Position
from gatebook.log.report import Finding, Findings, Kind, Report, StreamReport
from gatebook.log.runs import Runs, RunsError, load_runs
from gatebook.log.scan import Batch, StreamScan
from gatebook.log.segment import segments
from gatebook.log.tree_check import LeafCheck, tree_roots

TREE_NAME = "tree"
_RANGE_KINDS = ("checkpoint", "signature", "rollback")

Progress = Callable[[str, int, int], None]
"""Called with (stream, records checked so far, bytes of the last step)."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What to check. `payloads` False leaves out the digests of payloads: twice as quick, and blind to changes of payloads."""

    stream: str | None = None
    first_seq: int = 1
    last_seq: int | None = None
    payloads: bool = True


def verify(
    log_dir: Path,
    *,
    public_key: VerifierKey | None = None,
    kept_checkpoints: Sequence[str] = (),
    scope: Scope | None = None,
    progress: Progress | None = None,
) -> Report:
    """Verify and return what was found; a log that is wrong raises nothing.

    `public_key`: the key that is trusted; else `tree/key.pub`, which proves only that the log agrees with itself.
    `kept_checkpoints`: signed notes from elsewhere. `scope`: only these records instead of all (the tree is always checked whole).
    Raises OSError when files cannot be read, FileNotFoundError without a log.
    """
    if not log_dir.is_dir():
        raise FileNotFoundError(f"there is no log in {log_dir}")
    return _Verification(log_dir, public_key).run(kept_checkpoints, scope or Scope(), progress)


def stream_dirs(log_dir: Path) -> list[str]:
    """Return every directory that could be a stream, also one whose lock file is gone."""
    return sorted(
        path.name for path in log_dir.iterdir() if path.is_dir() and path.name != TREE_NAME and ((path / "lock").exists() or segments(path))
    )


class _Verification:
    """One run of `verify`: what it has learned so far."""

    def __init__(self, log_dir: Path, public_key: VerifierKey | None) -> None:
        self.log_dir = log_dir
        self.tree_dir = log_dir / TREE_NAME
        self.findings = Findings()
        self.notes: list[str] = []
        self.scans: dict[str, StreamScan] = {}
        self.runs = Runs()
        self.local = LocalCheckpoints()
        self.anchors: list[int] = [0]
        self.trusted = public_key is not None
        own = load_key(self.tree_dir)
        self.key = public_key or own
        if public_key is not None and own is not None and own != public_key:
            self.notes.append("the log names another key in tree/key.pub than the one that is trusted")
        if public_key is None:
            self.notes.append("no key was given: the log's own tree/key.pub is self-asserted")

    def run(self, kept: Sequence[str], scope: Scope, progress: Progress | None) -> Report:
        """Check streams, tree, checkpoints, in this order."""
        self.local = load_checkpoints(self.tree_dir, self.key, self.findings)
        self._load_runs()
        leaves = LeafCheck(self.tree_dir / "tile", self.runs)
        names = sorted({*stream_dirs(self.log_dir), *self.runs.heads}) if scope.stream is None else [scope.stream]
        for name in names:
            self._scan(name, leaves, scope, progress)
        kept_opened = [self._open_kept(number, note) for number, note in enumerate(kept, 1)]
        self._check_tree(leaves, [checkpoint for checkpoint in kept_opened if checkpoint is not None])
        return self._report(len(kept))

    def _load_runs(self) -> None:
        newest = self.local.newest
        if newest is None:
            self.notes.append("no checkpoint has been signed: nothing is sealed")
            return
        try:
            self.runs = load_runs(self.tree_dir / "runs", newest.size)
        except (RunsError, UnicodeDecodeError) as error:
            self._find(Finding(kind="runs", message=str(error)))
            return
        if {head.stream: head.seq for head in newest.heads} != self.runs.heads:
            self._find(Finding(kind="runs", message="the runs end with other records than the newest checkpoint names"))

    def _scan(self, name: str, leaves: LeafCheck, scope: Scope, progress: Progress | None) -> None:
        report = (lambda records, size: progress(name, records, size)) if progress is not None else None
        scan = StreamScan(self.log_dir / name, leaves.take, payloads=scope.payloads, progress=report)
        self.scans[name] = scan
        sealed = self.runs.heads.get(name, 0)
        scan.summary.sealed_seq = sealed
        if (self.log_dir / name).is_dir():
            scan.run(scope.first_seq, scope.last_seq)
        expected = sealed if scope.last_seq is None else min(sealed, scope.last_seq)
        if scan.summary.last_seq < expected and scope.first_seq <= expected and not _covered(scan.findings, expected):
            self._missing(name, expected, f"records up to {expected} are in the sealed tree")

    def _missing(self, name: str, last: int, message: str) -> None:
        summary, end = self.scans[name].summary, self.scans[name].end
        seq = summary.last_seq + 1
        message = f"the stream ends at record {summary.last_seq}, but {message}"
        finding = Finding(kind="missing", message=message, stream=name, seq=seq, seq_last=last, segment=end.segment, offset=end.offset)
        finding.leaf = self.runs.leaf_of(name, seq)
        self._find(finding)

    def _open_kept(self, number: int, note: str) -> Checkpoint | None:
        checkpoint, problem = open_any(note, self.key)
        if checkpoint is None:
            self._find(Finding(kind="checkpoint", message=f"kept checkpoint {number} cannot be read: {problem}"))
        elif problem:
            self._find(Finding(kind="signature", message=f"kept checkpoint {number}: {problem}"))
            # Given from elsewhere, it is worth more than a key that the log names itself.
            return None if self.trusted else checkpoint
        return checkpoint

    def _check_tree(self, leaves: LeafCheck, kept: list[Checkpoint]) -> None:
        size, sizes = self.runs.size, self.local.sizes
        wanted = sorted({*sizes, *(checkpoint.size for checkpoint in kept), size})
        above = Findings()
        roots = tree_roots(self.tree_dir / "tile", size, [goal for goal in wanted if 0 < goal <= size], leaves.replaced, above)
        good = [own for index, own in enumerate(sizes) if roots.get(own) == self.local.root_of(index)]
        bad_kept = [one for one in kept if roots.get(one.size) != one.root]
        intact = bool(size) and bool(good) and good[-1] == size and not bad_kept
        for finding in leaves.findings.items:
            if intact and finding.kind == "leaf":
                finding.kind, finding.message = "tile", "the tile holds another hash; the record is as signed"
            self._find(finding)
        self.findings.left_out += leaves.findings.left_out + above.left_out
        for finding in above.items:
            self._find(finding)
        if self.trusted or not bad_kept:
            self.anchors += good
        self.anchors += [one.size for one in kept if roots.get(one.size) == one.root]
        bad = sorted({own for own in sizes if own <= size} - set(good))
        own_bad = [find_checkpoint(self.tree_dir, own) for own in bad[:1]] if size else []
        for checkpoint in [*own_bad, *bad_kept]:
            if checkpoint is not None:
                self._judge(checkpoint)
        if not bad_kept:
            self._judge_forged()

    def _judge_forged(self) -> None:
        """The newest part of the log is signed by somebody else: name the first record that no checkpoint of the trusted key covers."""
        forged = self.local.forged
        if forged is None:
            return
        after = max((anchor for anchor in self.anchors if anchor < forged), default=0)
        if after < self.runs.size:
            message = f"no checkpoint of the trusted key covers the records from leaf {after} on"
            name, seq = self.runs.record_of(after)
            self._find_range("signature", message, Head(name, seq, b""), self.runs.size)

    def _judge(self, checkpoint: Checkpoint) -> None:
        """The log does not have the root that was signed: find the streams by their heads, and the records since the last checkpoint that holds."""
        label = f"the checkpoint of {checkpoint.time or 'unknown time'} at {checkpoint.size} leaves"
        after = max((anchor for anchor in self.anchors if anchor < checkpoint.size), default=0)
        held = self.runs.heads_at(after)
        changed = False
        for head in checkpoint.heads:
            found = self._locate(head.stream, head.seq)
            if found is None:
                scan = self.scans.setdefault(head.stream, StreamScan(self.log_dir / head.stream, lambda _: None))
                if scan.summary.last_seq < head.seq and not _covered(scan.findings, head.seq):
                    self._missing(head.stream, head.seq, f"{label} names record {head.seq}")
            elif found[0] != head.leaf:
                first = Head(head.stream, held.get(head.stream, 0) + 1, b"")
                self._find_range("checkpoint", f"{label} names another record {head.seq}", first, checkpoint.size).seq_last = head.seq
            changed = changed or found is None or found[0] != head.leaf
        if not changed:
            message = f"{label} is not of this tree, which has {self.runs.size} leaves"
            self._find(Finding(kind="rollback" if checkpoint.size > self.runs.size else "checkpoint", message=message))

    def _find_range(self, kind: Kind, message: str, first: Head, end: int) -> Finding:
        """Name the first record that nothing vouches for, of those before leaf `end`."""
        found = self._locate(first.stream, first.seq)
        place = found[1] if found is not None else Position(0, 0)
        finding = Finding(kind=kind, message=message, stream=first.stream, seq=first.seq, segment=place.segment, offset=place.offset)
        finding.leaf, finding.leaf_last = self.runs.leaf_of(first.stream, first.seq), end - 1
        self._find(finding)
        return finding

    def _locate(self, name: str, seq: int) -> tuple[bytes, Position] | None:
        """Return leaf hash and place of a record by reading its segment; None when it is not there."""
        found: list[tuple[bytes, Position]] = []

        def take(batch: Batch) -> None:
            if 0 <= (at := seq - batch.first_seq) < len(batch.hashes):
                found.append((batch.hashes[at], Position(batch.segment, batch.offsets[at])))

        if (self.log_dir / name).is_dir():
            StreamScan(self.log_dir / name, take, payloads=False).run(seq, seq)
        return found[0] if found else None

    def _find(self, finding: Finding) -> None:
        self.findings.add(finding)

    def _report(self, kept: int) -> Report:
        streams: list[StreamReport] = []
        findings = self.findings
        for name, scan in sorted(self.scans.items()):
            for finding in scan.findings.items:
                finding.leaf = self.runs.leaf_of(name, finding.seq or 0) if finding.leaf is None else finding.leaf
                findings.add(finding)
            findings.left_out += scan.findings.left_out
        _drop_explained_chains(findings)
        for name, scan in sorted(self.scans.items()):
            scan.summary.findings = sum(finding.stream == name for finding in findings.items)
            streams.append(scan.summary)
        newest = self.local.newest
        return Report(
            ok=not findings.items and not findings.left_out,
            records=sum(one.records for one in streams),
            streams=streams,
            tree_size=newest.size if newest else 0,
            root=newest.root.hex() if newest else "",
            checkpoint_time=newest.time if newest else "",
            checkpoints=self.local.count,
            kept_checkpoints=kept,
            key=str(self.key) if self.key else "",
            key_trusted=self.trusted,
            unsealed=sum(max(0, one.last_seq - max(one.sealed_seq, one.first_seq - 1)) for one in streams),
            findings=findings.items,
            findings_left_out=findings.left_out,
            first_bad=first_bad(findings.items),
            notes=self.notes,
        )


def first_bad(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding whose place comes first: by leaf, then what is not sealed yet, then what has no place.

    A range that a checkpoint leaves in doubt gives way to an exact place inside it.
    """
    exact = [finding for finding in findings if finding.seq is not None and finding.kind not in _RANGE_KINDS]
    doubts = [
        finding for finding in findings if finding.seq is not None and finding.kind in _RANGE_KINDS and not _explained(finding, exact)
    ]
    placeless = [finding for finding in findings if finding.seq is None]
    return min([*exact, *doubts], key=_order, default=placeless[0] if placeless else None)


def _explained(doubt: Finding, exact: Sequence[Finding]) -> bool:
    for finding in exact:
        if finding.leaf is not None and doubt.leaf is not None:
            if doubt.leaf <= finding.leaf <= (doubt.leaf_last or doubt.leaf):
                return True
        elif finding.stream == doubt.stream and (finding.seq or 0) >= (doubt.seq or 0):
            return True
    return False


def _order(finding: Finding) -> tuple[int, str, int, int, int]:
    leaf = finding.leaf if finding.leaf is not None else 1 << 63
    return leaf, finding.stream or "", finding.seq or 0, finding.segment or 0, finding.offset or 0


def _covered(findings: Findings, seq: int) -> bool:
    """True when the stream's own findings already say why this record is not there."""
    return any(finding.seq is not None and finding.seq <= seq <= (finding.seq_last or finding.seq) for finding in findings.items)


def _drop_explained_chains(findings: Findings) -> None:
    """The tree tells which of two records was changed; the broken link between them adds nothing."""
    spans = [(one.stream, one.seq or 0, one.seq_last or one.seq or 0) for one in findings.items if one.kind == "leaf"]
    findings.items = [
        one
        for one in findings.items
        if one.kind != "chain" or not any(name == one.stream and first - 1 <= (one.seq or 0) <= last for name, first, last in spans)
    ]
