"""`gatebook verify`: is the log whole and unchanged? Reads only, and works while the keeper and the workers run."""

import argparse
import json
import sys
import time
from pathlib import Path

import msgspec

from gatebook.cli.main import Problem, read_settings
from gatebook.log import offline_verifier
from gatebook.log.merkle import ProofError
from gatebook.log.note import NoteError, VerifierKey, parse_key
from gatebook.log.proof import NotProvable, Proof, find_record, parse_proof, prove, verify_proof
from gatebook.log.report import Report
from gatebook.log.verify import Scope, verify


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--stream", metavar="NAME", help="only this stream")
    parser.add_argument("--from", dest="first_seq", type=int, default=1, metavar="SEQ", help="from this record on; needs --stream")
    parser.add_argument("--to", dest="last_seq", type=int, metavar="SEQ", help="up to this record; needs --stream")
    parser.add_argument(
        "--call", metavar="ID", help="prove one record by its id; with --json the proof itself, which the offline verifier reads"
    )
    parser.add_argument("--proof", type=Path, metavar="FILE", help="check a proof that was made with --call ID --json")
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="public key that you trust, kept elsewhere (default: what the log says itself)"
    )
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="signed checkpoint that was kept elsewhere; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--export-verifier", type=Path, metavar="FILE", help="write the offline verifier, one file of Python, and end")


def run(args: argparse.Namespace) -> int:
    """Verify and print; exit code 0 when all is well, 1 when something was found, 2 when the command was wrong."""
    if args.export_verifier is not None:
        args.export_verifier.write_bytes(Path(offline_verifier.__file__).read_bytes())
        print(f"wrote {args.export_verifier}; run: python3 {args.export_verifier} --help", file=sys.stderr)
        return 0
    if args.stream is None and (args.first_seq != 1 or args.last_seq is not None):
        raise Problem("--from and --to need --stream", exit_code=2)
    key = _read_key(args.key)
    if args.proof is not None:
        return _check_proof(parse_proof(args.proof.read_bytes()), key, as_json=args.json)
    log_dir = (args.data if args.data is not None else read_settings(args).data_dir) / "log"
    if not log_dir.is_dir():
        raise Problem(f"there is no log in {log_dir}", exit_code=2)
    if args.call is not None:
        return _prove_call(log_dir, args.call, key, as_json=args.json)
    kept = [path.read_bytes().decode(errors="replace") for path in args.checkpoint]
    scope = Scope(stream=args.stream, first_seq=args.first_seq, last_seq=args.last_seq)
    meter = _Meter()
    began = time.monotonic()
    report = verify(log_dir, public_key=key, kept_checkpoints=kept, scope=scope, progress=meter.step if sys.stderr.isatty() else None)
    meter.clear()
    if args.json:
        print(json.dumps(msgspec.to_builtins(report), indent=2))
    else:
        print("\n".join(describe(report, time.monotonic() - began)))
    return 0 if report.ok else 1


def describe(report: Report, took_s: float) -> list[str]:
    """The report as lines for people."""
    width = max([len(one.name) for one in report.streams], default=0)
    lines = []
    for one in report.streams:
        mark = "✗" if one.findings else "✓"
        span = f"{one.first_seq:>9,} – {one.last_seq:<9,}" if one.records else "    (empty)          "
        extra = [f"{one.last_seq - one.sealed_seq:,} not sealed yet"] if one.last_seq > one.sealed_seq else []
        extra += [f"{one.payloads_dropped:,} payloads dropped"] if one.payloads_dropped else []
        extra += [f"{one.findings:,} findings"] if one.findings else []
        lines.append(f"{mark} {one.name:<{width}}  {span}  {', '.join(extra)}".rstrip())
    lines.append("")
    lines.append(f"{'records':<12}{report.records:,} in {took_s:.1f} s")
    if report.tree_size:
        lines.append(
            f"{'sealed':<12}{report.tree_size:,} records under {report.checkpoints:,} checkpoints, the newest of {report.checkpoint_time}"
        )
        lines.append(f"{'root':<12}{report.root}")
    if report.key:
        lines.append(f"{'key':<12}{report.key}{'' if report.key_trusted else '  (self-asserted)'}")
    lines += [f"{'note':<12}{note}" for note in report.notes]
    lines.append("")
    if report.ok:
        lines.append("✓ The log is whole and unchanged." if report.tree_size else "✓ The log is whole. Nothing is sealed yet.")
        return lines
    first = report.first_bad
    count = len(report.findings) + report.findings_left_out
    lines.append(f"✗ The log is NOT as it was written: {count:,} finding{'s' if count != 1 else ''}.")
    if first is not None:
        lines.append(f"  First bad place: {first.place() or 'the tree'}")
        lines.append(f"  {first.kind}: {first.message}")
    return lines


def _prove_call(log_dir: Path, call: str, key: VerifierKey | None, *, as_json: bool) -> int:
    try:
        proof = prove(log_dir, *find_record(log_dir, call))
    except NotProvable as error:
        raise Problem(str(error)) from error
    if as_json:
        verify_proof(proof, key)
        print(proof.to_json().decode(), end="")
        return 0
    return _check_proof(proof, key, as_json=False)


def _check_proof(proof: Proof, key: VerifierKey | None, *, as_json: bool) -> int:
    try:
        header, checkpoint = verify_proof(proof, key)
    except ProofError as error:
        print(json.dumps({"ok": False, "message": str(error)}) if as_json else f"✗ The proof does not hold: {error}")
        return 1
    if as_json:
        print(
            json.dumps(
                {"ok": True, "id": header.id, "stream": header.stream, "seq": header.seq, "leaf": proof.leaf, "size": checkpoint.size}
            )
        )
        return 0
    print(f"✓ {header.type} {header.id} is in the signed log")
    for name, value in (
        ("stream", f"{header.stream}, record {header.seq:,}"),
        ("leaf", f"{proof.leaf:,} of {checkpoint.size:,}, {len(proof.proof)} hashes to the root"),
        ("checkpoint", checkpoint.time),
        ("key", f"{proof.key}{'' if key else '  (self-asserted)'}"),
    ):
        print(f"  {name:<12}{value}")
    return 0


def _read_key(path: Path | None) -> VerifierKey | None:
    if path is None:
        return None
    try:
        return parse_key(path.read_text())
    except NoteError as error:
        raise Problem(f"{path}: {error}", exit_code=2) from error


class _Meter:
    """Progress on one line of a terminal, a few times a second."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._bytes = 0

    def step(self, stream: str, records: int, size: int) -> None:
        """Take in a step of the verification."""
        self._bytes += size
        now = time.monotonic()
        if now - self._shown_at > 0.2:
            self._shown_at = now
            print(f"\r\x1b[K{stream}: {records:,} records, {self._bytes / 1e6:,.0f} MB", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown_at:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
