#!/usr/bin/env python3
"""Check a Gatebook log, or the proof of one record, without Gatebook: this one file, Python 3.11 or newer and the package `cryptography`.

It shares no code with Gatebook, follows docs/log-format.md and only reads; best on a copy, or while nothing is written. Trust comes from outside: give the public key (--key) and signed
checkpoints that left the machine (--checkpoint). Without them it is only shown that the log agrees with itself.
Exit code: 0 all is well, 1 something was found, 2 it could not be checked.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from array import array
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FRAME = struct.Struct("<4sIIIQ")
PARTS = {1: "identity", 2: "arguments", 3: "response", 4: "message", 5: "diff"}
DOUBTS = ("checkpoint", "signature", "rollback")
FINDINGS_MAX = 200
Finding = dict[str, Any]
Peaks = list[tuple[int, bytes]]


class Invalid(Exception):
    """What was read is not what it should be."""


class Key(NamedTuple):
    """A verifier key: name, the hash that signatures carry, and the public key."""

    name: str
    hash: bytes
    public: bytes


class Checkpoint(NamedTuple):
    """A signed state of the tree; `problem` is what is wrong with its signature."""

    size: int
    root: bytes
    time: str
    heads: dict[str, tuple[int, bytes]]
    problem: str


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Invalid("malformed base64") from None


def parse_key(text: str) -> Key:
    name, _, rest = text.strip().partition("+")
    hash_text, _, key_text = rest.partition("+")
    raw = unbase64(key_text)
    digest = sha256(name.encode() + b"\n" + raw)[:4]
    if len(raw) != 33 or raw[0] != 1 or digest.hex() != hash_text:
        raise Invalid("not an Ed25519 verifier key, or its hash is wrong")
    return Key(name, digest, raw[1:])


def parse_note(note: str, key: Key | None) -> Checkpoint:
    """Read a signed checkpoint and check its signature."""
    text, _, tail = note.rpartition("\n\n")
    lines = text.split("\n")
    if len(lines) < 3 or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]) or len(unbase64(lines[2])) != 32:
        raise Invalid("not a signed checkpoint")
    heads, time, problem = {}, "", "there is no key to check it with"
    for line in lines[3:]:
        if head := re.fullmatch(r"stream ([a-z0-9-]{1,64}) ([1-9][0-9]*) ([0-9a-f]{64})", line):
            heads[head[1]] = (int(head[2]), bytes.fromhex(head[3]))
        elif line.startswith("stream ") or not line:
            raise Invalid("a line of a checkpoint is malformed")
        time = line[5:] if line.startswith("time ") else time
    if key is not None:
        problem = f"not signed by the trusted key {key.name}+{key.hash.hex()}"
        for name, blob in re.findall(r"^— (\S+) (\S+)$", tail, re.MULTILINE):
            raw = unbase64(blob)
            if name == key.name == lines[0] and raw[:4] == key.hash:
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], f"{text}\n".encode())
                    problem = ""
                except InvalidSignature:
                    problem = "the signature is not over this text"
    return Checkpoint(int(lines[1]), unbase64(lines[2]), time, heads, problem)


def push(peaks: Peaks, hash_: bytes) -> None:
    """Append a leaf to the perfect subtrees (height, root) that make up a tree."""
    height = 0
    while peaks and peaks[-1][0] == height:
        hash_ = sha256(b"\x01" + peaks.pop()[1] + hash_)
        height += 1
    peaks.append((height, hash_))


def root_of(peaks: Peaks) -> bytes:
    root = peaks[-1][1] if peaks else sha256(b"")
    for _, peak in peaks[-2::-1]:
        root = sha256(b"\x01" + peak + root)
    return root


def root_from_proof(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162, section 2.1.3.2)."""
    position, last = index, size - 1
    if not 0 <= index < size:
        raise Invalid(f"leaf {index} is not in a tree of {size}")
    for other in path:
        if last == 0:
            raise Invalid("the proof is too long")
        if position & 1 or position == last:
            leaf = sha256(b"\x01" + other + leaf)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            leaf = sha256(b"\x01" + leaf + other)
        position, last = position >> 1, last >> 1
    if last:
        raise Invalid("the proof is too short")
    return leaf


class Stream:
    """One stream as it was read: leaf hash, segment and offset of each record by seq."""

    def __init__(self, log: "Log", name: str) -> None:
        self.log, self.name, self.dir = log, name, log.dir / name
        self.leaves, self.segments, self.offsets = bytearray(), array("Q"), array("Q")
        self.seq, self.prev, self.segment, self.at = 1, "0" * 64, 0, 0
        self.records = self.dropped = self.covered = 0

    def find(self, kind: str, message: str, last: int = 0, seq: int = 0) -> Finding:
        """Add a finding here, or at a record that was read before."""
        known = 0 < seq <= len(self.offsets)
        segment, offset = (self.segments[seq - 1], self.offsets[seq - 1]) if known else (self.segment, self.at)
        place: Finding = {"stream": self.name, "seq": seq or self.seq, "segment": segment, "offset": offset}
        self.covered = max(self.covered, last)
        return self.log.find(kind, message, place | ({"seq_last": last} if last > place["seq"] else {}))

    def leaf(self, seq: int) -> bytes | None:
        """Return the leaf hash of a record, None when it was not read."""
        found = bytes(self.leaves[(seq - 1) * 32 : seq * 32])
        return found if found.strip(b"\0") else None

    def read(self) -> None:
        position = self.dir / "position"  # first: what follows may move on while it is read
        raw = position.read_bytes() if position.exists() else b""
        firsts = sorted(int(path.stem) for path in self.dir.glob("*.seg")) if self.dir.is_dir() else []
        durable_segment, durable = struct.unpack("<QQ", raw) if len(raw) == 16 else (0, 0)
        for first in firsts:
            data = (self.dir / f"{first:016d}.seg").read_bytes()
            if first > self.seq:
                self.find("missing", f"records {self.seq} to {first - 1} are missing: the next segment begins with {first}", first - 1)
            elif first < self.seq:
                self.find("segment", f"segment {first} begins before record {self.seq}, which comes next")
            if first != self.seq:
                self.seq, self.prev = first, ""
            self.segment, self.at = first, 0
            if data[:16] != b"gatebook.seg.1\n\0" or data[16:24] != first.to_bytes(8, "little"):
                self.find("segment", "the segment header is wrong")
            self.read_frames(data, first == firsts[-1], durable if first == durable_segment else 0)
        if durable_segment > self.segment:
            self.find("missing", f"segment {durable_segment:016d}.seg is missing; it was durable up to byte {durable}")

    def frame(self, data: bytes, at: int) -> tuple[bytes, bytes, int, int] | None:
        """Return core, payload, batch and end of the whole frame at `at`, if there is one."""
        if len(data) - at < FRAME.size:
            return None
        magic, total, core_bytes, checksum, batch = FRAME.unpack_from(data, at)
        middle, end = at + FRAME.size + core_bytes, at + FRAME.size + total
        if magic != b"GBR1" or end > len(data) or not 0 < core_bytes <= total:
            return None
        if zlib.crc32(memoryview(data)[at + 16 : end], zlib.crc32(data[at + 4 : at + 12])) != checksum:
            return None
        return data[at + FRAME.size : middle], data[middle:end], batch, end

    def next_frame(self, data: bytes, at: int, batch_min: int = 0) -> tuple[int, tuple[bytes, bytes, int, int]] | None:
        """Return the next whole frame that was written when all before `batch_min` was durable."""
        while (at := data.find(b"GBR1", at)) >= 0:
            found = self.frame(data, at)
            if found is not None and found[2] >= batch_min:
                return at, found
            at += 1
        return None

    def read_frames(self, data: bytes, last: bool, durable: int) -> None:
        self.at, batch_before = 32, 0
        while True:
            if found := self.frame(data, self.at):
                core, payload, batch, end = found
                if batch not in (batch_before, self.at):
                    self.find("frame", f"the frame names {batch} as the start of its write")
                self.record(core, payload)
                self.at, batch_before = end, batch
                continue
            if data.count(0, self.at) == max(0, len(data) - self.at):
                if last and self.at < durable:
                    self.find("missing", f"the segment ends here, but was durable up to byte {durable}")
                return
            if last and self.at >= durable and not self.next_frame(data, self.at + 1, self.at + 1):
                return  # the tail of a write that was never acknowledged
            following = self.next_frame(data, self.at + 1)
            seq = 0 if following is None else seq_of(following[1][0])
            self.find("frame", "no whole frame begins here" + ("" if following else ", and none follows"), max(seq - 1, self.seq))
            self.prev = ""
            if following is None:
                return
            self.seq, self.at, batch_before = seq or self.seq + 1, following[0], following[1][2]

    def record(self, core: bytes, payload: bytes) -> None:
        try:
            record = json.loads(core)
            seq, prev, name = int(record["seq"]), record["prev"], record["stream"]
        except (ValueError, KeyError, TypeError):
            self.find("core", "the bytes are not a record")
            record, seq, prev, name = {}, self.seq, self.prev, self.name
        if name != self.name:
            self.find("core", f"record {seq} of stream {name} is here")
            seq = self.seq
        elif seq > self.seq:
            self.find("missing", f"record {self.seq} is not here; record {seq} follows instead", seq - 1)
        elif seq < self.seq:
            self.find("order", f"record {seq} is here, where record {self.seq} should be")
        elif prev != self.prev and self.prev:
            self.find("chain", f"record {seq} does not follow this record: one of the two was changed", seq=seq - 1)
        leaf = sha256(b"\0" + core)
        if (gap := seq - 1 - len(self.offsets)) > 0:
            self.leaves += bytes(32 * gap)
            self.offsets.extend([0] * gap)
            self.segments.extend([0] * gap)
        if seq > len(self.offsets):
            self.leaves += leaf
            self.offsets.append(self.at)
            self.segments.append(self.segment)
        elif self.leaf(seq) is None:
            self.leaves[(seq - 1) * 32 : seq * 32] = leaf
            self.offsets[seq - 1], self.segments[seq - 1] = self.at, self.segment
        self.check_payload(record, payload)
        self.records, self.prev, self.seq = self.records + 1, leaf.hex(), seq + 1

    def check_payload(self, record: dict[str, Any], payload: bytes) -> None:
        listed = [(part.get("part"), part.get("digest")) for part in (record.get("payload") or {}).get("parts") or []]
        at, found = 0, []
        while at + 5 <= len(payload):
            code, size = struct.unpack_from("<BI", payload, at)
            found.append((PARTS.get(code), sha256(payload[at + 5 : at + 5 + size]).hex()))
            at += 5 + size
        self.dropped += bool(listed and not payload)
        if payload and (at != len(payload) or found != listed):
            self.find("payload", "the payload is not the one that the record vouches for")


class Log:
    """The whole log: streams, tree, checkpoints, and what was found."""

    def __init__(self, path: Path, key: Key | None) -> None:
        self.dir, self.key, self.trusted = path, key, key is not None
        self.notes: list[str] = []
        self.findings: list[Finding] = []
        self.left_out = 0
        self.streams: dict[str, Stream] = {}
        self.local: list[Checkpoint] = []
        self.newest = Checkpoint(0, b"", "", {}, "")
        self.roots = {0: sha256(b"")}
        self.owners: list[tuple[Stream, int, int, int]] = []  # stream, first seq, first leaf, count
        if key is None:
            self.notes.append("no key was given: the log's own tree/key.pub is self-asserted")
            try:
                self.key = parse_key(self.text("key.pub"))
            except Invalid:
                self.notes.append("the log names no key")

    def text(self, name: str) -> str:
        path = self.dir / "tree" / name
        return path.read_bytes().decode(errors="replace") if path.exists() else ""

    def find(self, kind: str, message: str, place: Finding | None = None) -> Finding:
        finding = {"kind": kind, "message": message, **(place or {})}
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)
        else:
            self.left_out += 1
        return finding

    def load_checkpoints(self) -> None:
        notes = [json.loads(line)["note"] for line in self.text("checkpoints.ndjson").split("\n")[:-1]]
        newest = self.text("checkpoint")
        for note in [*(note for note in notes if note != newest), newest]:
            try:
                checkpoint = parse_note(note, self.key)
            except Invalid as error:
                if note or notes:
                    self.find("rollback" if not note else "checkpoint", f"a checkpoint is missing or cannot be read: {error}")
                continue
            if checkpoint.problem and not any(one.problem for one in self.local):
                self.find("signature", f"checkpoint at {checkpoint.size} leaves: {checkpoint.problem}")
            if checkpoint.size < self.newest.size:
                self.find("rollback", f"a checkpoint of {checkpoint.size} leaves comes after one of {self.newest.size}")
            else:
                self.newest = checkpoint
            self.local.append(checkpoint)
        if not self.local:
            self.notes.append("no checkpoint has been signed: nothing is sealed")

    def load_runs(self) -> None:
        size, leaf, heads = self.newest.size, 0, dict[str, int]()
        for line in self.text("runs").split("\n"):
            fields = re.fullmatch(r"(\d+) ([a-z0-9-]{1,64}) (\d+) (\d+)", line)
            if leaf >= size or not fields or int(fields[1]) != leaf or int(fields[3]) != heads.get(fields[2], 0) + 1:
                break
            name, count = fields[2], int(fields[4])
            self.owners.append((self.stream(name), int(fields[3]), leaf, count))
            heads[name], leaf = heads.get(name, 0) + count, leaf + count
        if leaf != size or heads != {name: seq for name, (seq, _) in self.newest.heads.items()}:
            self.find(
                "runs", f"which records the leaves are cannot be read after leaf {leaf}, or ends otherwise than the newest checkpoint"
            )
            self.owners.clear()

    def stream(self, name: str) -> Stream:
        if name not in self.streams:
            self.streams[name] = Stream(self, name)
        return self.streams[name]

    def leaf_of(self, stream: Stream, seq: int) -> int | None:
        return next((leaf + seq - first for own, first, leaf, count in self.owners if own is stream and first <= seq < first + count), None)

    def tile(self, index: int) -> bytes:
        """Return the leaf hashes in a tile; higher levels repeat what they imply and are not needed."""
        width = min(256, self.newest.size - index * 256)
        groups, rest = [f"{index % 1000:03d}"], index // 1000
        while rest:
            groups, rest = [f"x{rest % 1000:03d}", *groups], rest // 1000
        path = self.dir.joinpath("tree", "tile", "0", *groups)
        for candidate in (path, path.with_name(f"{path.name}.p") / str(width)):
            if candidate.is_file() and len(data := candidate.read_bytes()) >= width * 32:
                return data
        self.find("tile", f"tile 0/{'/'.join(groups)} is missing or too short")
        return b""

    def check_tree(self, wanted: set[int]) -> None:
        """Compare records with the tiles, and compute the root at each wanted size over the records themselves."""
        peaks: Peaks = []
        tile, last = b"", Finding()
        for stream, first, first_leaf, count in self.owners:
            for leaf, seq in zip(range(first_leaf, first_leaf + count), range(first, first + count), strict=True):
                tile = tile if leaf % 256 else self.tile(leaf // 256)
                stored, own = tile[leaf % 256 * 32 : leaf % 256 * 32 + 32], stream.leaf(seq)
                if own and stored and own != stored:
                    if last.get("stream") == stream.name and last.get("seq_last", last["seq"]) == seq - 1:
                        last["seq_last"] = seq
                    else:
                        last = stream.find("leaf", "the record is not the one in the sealed tree", seq=seq)
                push(peaks, own or stored or bytes(32))
                if leaf + 1 in wanted:
                    self.roots[leaf + 1] = root_of(peaks)

    def verify(self, kept_notes: list[str]) -> None:
        self.load_checkpoints()
        self.load_runs()
        for path in sorted(self.dir.iterdir()):
            if path.is_dir() and path.name != "tree":
                self.stream(path.name)
        for stream in self.streams.values():
            stream.read()
        for stream, first, _, count in self.owners:
            self.missing(stream, first + count - 1, f"record {first + count - 1} is in the sealed tree")
        kept = []
        for number, note in enumerate(kept_notes, 1):
            checkpoint = parse_note(note, self.key)
            if checkpoint.problem:
                self.find("signature", f"kept checkpoint {number}: {checkpoint.problem}")
            if not checkpoint.problem or not self.trusted:
                kept.append(checkpoint)
        self.check_tree({one.size for one in [*self.local, *kept]})
        bad_kept = [one for one in kept if self.roots.get(one.size) != one.root]
        good = [one.size for one in self.local if not one.problem and self.roots.get(one.size) == one.root]
        anchors = [0, *(one.size for one in kept if one not in bad_kept), *(good if self.trusted or not bad_kept else [])]
        if self.newest.size in good and not bad_kept:
            for finding in self.findings:
                if finding["kind"] == "leaf":
                    finding |= {"kind": "tile", "message": "the tile holds another hash; the record is as signed"}
        bad = [one for one in self.local if not one.problem and one.size not in good][:1]
        for one in [*bad, *bad_kept]:
            self.judge(one, max(anchor for anchor in anchors if anchor < one.size or not anchor))
        forged = [one.size for one in self.local if one.problem]
        if self.owners and forged and not bad_kept:
            after = max(anchor for anchor in anchors if anchor < min(forged))
            for stream, first, leaf, count in self.owners:
                if leaf <= after < leaf + count:
                    message = f"no checkpoint of the trusted key covers the records from leaf {after} on"
                    stream.find("signature", message, seq=first + after - leaf)["leaf_last"] = self.newest.size - 1

    def missing(self, stream: Stream, last: int, why: str) -> None:
        end = len(stream.offsets)
        if end < last and stream.covered < last:
            stream.find("missing", f"the stream ends at record {end}, but {why}", last, end + 1)

    def judge(self, kept: Checkpoint, after: int) -> None:
        """Name the streams that differ from a checkpoint, and the first record since the last one that holds."""
        what, changed = f"the checkpoint of {kept.time} at {kept.size} leaves", False
        for name, (seq, leaf) in kept.heads.items():
            stream = self.stream(name)
            if (own := stream.leaf(seq)) is None:
                self.missing(stream, seq, f"{what} names record {seq}")
            elif own != leaf:
                held = sum(max(0, min(count, after - first)) for owner, _, first, count in self.owners if owner is stream)
                stream.find("checkpoint", f"{what} names another record {seq}", seq, held + 1)["leaf_last"] = kept.size - 1
            changed = changed or own != leaf
        if not changed:
            self.find("rollback" if kept.size > self.newest.size else "checkpoint", f"{what} is not of this tree of {self.newest.size}")

    def report(self) -> Finding:
        for one in self.findings:
            if "seq" in one:
                one["leaf"] = self.leaf_of(self.stream(one["stream"]), one["seq"])
        spans = [(one["stream"], one["seq"] - 1, one.get("seq_last", one["seq"])) for one in self.findings if one["kind"] == "leaf"]
        told = [
            one for one in self.findings if one["kind"] == "chain" and any(s == one["stream"] and a <= one["seq"] <= b for s, a, b in spans)
        ]
        findings = [one for one in self.findings if one not in told]
        names = sorted(self.streams)
        streams = [
            {"name": n, "last_seq": len(s.offsets), "records": s.records, "payloads_dropped": s.dropped}
            for n in names
            for s in [self.streams[n]]
        ]
        return {
            "ok": not findings,
            "records": sum(stream.records for stream in self.streams.values()),
            "streams": streams,
            "tree_size": self.newest.size,
            "root": self.newest.root.hex(),
            "checkpoint_time": self.newest.time,
            "checkpoints": len(self.local),
            "key_trusted": self.trusted,
            "findings": findings,
            "findings_left_out": self.left_out,
            "first_bad": first_bad(findings),
            "notes": self.notes,
        }


def seq_of(core: bytes) -> int:
    found = re.search(rb'"seq":(\d{1,19}),"prev":"', core)
    return int(found[1]) if found else 0


def first_bad(findings: list[Finding]) -> Finding | None:
    """Return the first place by leaf; a range that a checkpoint leaves open gives way to an exact place inside it."""
    places = [one for one in findings if "seq" in one and one["kind"] not in DOUBTS]
    leaves = [one["leaf"] for one in places if one["leaf"] is not None]
    for one in findings:
        if "seq" in one and one["kind"] in DOUBTS and not any((one["leaf"] or 0) <= leaf <= one.get("leaf_last", 0) for leaf in leaves):
            places.append(one)
    far = 1 << 63
    order = [(far if one["leaf"] is None else one["leaf"], one["stream"], one["seq"], one["offset"], at) for at, one in enumerate(places)]
    return places[min(order)[-1]] if order else next(iter(findings), None)


def verify_proof(proof: Finding, key: Key | None) -> Finding:
    """Check the proof of one record. Raises Invalid."""
    checkpoint = parse_note(proof["checkpoint"], key or parse_key(proof["key"]))
    core = unbase64(proof["core"])
    record = json.loads(core)
    if checkpoint.problem or (record["stream"], record["seq"]) != (proof["stream"], proof["seq"]):
        raise Invalid(checkpoint.problem or "the record is not the one that the proof names")
    path = [unbase64(one) for one in proof["proof"]]
    if root_from_proof(sha256(b"\0" + core), proof["leaf"], checkpoint.size, path) != checkpoint.root:
        raise Invalid("the proof does not lead to the signed root")
    return {"ok": True, "record": record, "leaf": proof["leaf"], "tree_size": checkpoint.size, "checkpoint_time": checkpoint.time}


def print_report(report: Finding) -> None:
    for one in report.get("streams", ()):
        print(f"  stream {one['name']:<24} {one['records']} records")
    for note in report.get("notes", ()):
        print(f"  note: {note}")
    if report["ok"]:
        print(f"OK: signed tree of {report['tree_size']} records, checkpoint of {report['checkpoint_time'] or 'none'}")
        return
    bad = report["first_bad"]
    place = "stream {stream}, record {seq}, segment {segment}, byte {offset}: ".format(**bad) if "seq" in bad else ""
    print(f"NOT OK: {len(report['findings']) + report['findings_left_out']} finding(s). First bad place: {place}{bad['message']}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "path", type=Path, help="directory of the log (it holds tree/ and the streams), or a file with the proof of one record"
    )
    parser.add_argument("--key", metavar="FILE", type=Path, help="file with the public key that you trust")
    parser.add_argument(
        "--checkpoint", metavar="FILE", type=Path, action="append", default=[], help="signed checkpoint kept elsewhere; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    args = parser.parse_args()
    try:
        key = parse_key(args.key.read_text()) if args.key else None
        if args.path.is_dir():
            log = Log(args.path, key)
            log.verify([path.read_bytes().decode() for path in args.checkpoint])
            report = log.report()
        else:
            proof = json.loads(args.path.read_bytes())
            try:
                report = verify_proof(proof, key)
            except (Invalid, KeyError, TypeError, ValueError) as error:
                finding = {"kind": "proof", "message": str(error)}
                report = {"ok": False, "findings": [finding], "findings_left_out": 0, "first_bad": finding}
    except (OSError, Invalid, KeyError, TypeError, ValueError) as error:
        print(f"cannot check {args.path}: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(report, indent=2))
    else:
        print_report(report)
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
