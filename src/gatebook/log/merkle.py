"""RFC 6962 trees: roots, inclusion and consistency proofs, and their verification.

Pure functions over hashes of 32 bytes; whoever calls decides where hashes are kept. Proofs are read through a `Node`:
`node(level, index)` is the root of the perfect subtree over the leaves [index * 2^level, (index + 1) * 2^level).
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32

Node = Callable[[int, int], bytes]


class ProofError(ValueError):
    """A proof does not lead to the root that it was made for."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: bytes) -> bytes:
    """Return the root over a power of two of hashes that lie one after the other."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 64)])
    return hashes


class CompactRange:
    """The roots of the perfect subtrees that make up a growing tree: all that appending and the root need."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []  # (height, hash), heights falling

    def copy(self) -> "CompactRange":
        """Return a range that grows on its own from here."""
        twin = CompactRange()
        twin.size = self.size
        twin._peaks = self._peaks.copy()
        return twin

    def append(self, hash_: bytes, height: int = 0) -> None:
        """Append a leaf hash, or the root of a perfect subtree of 2^height leaves. `size` must be a multiple of 2^height."""
        if self.size % (1 << height):
            raise ValueError(f"a subtree of height {height} cannot begin at leaf {self.size}")
        self.size += 1 << height
        peaks = self._peaks
        while peaks and peaks[-1][0] == height:
            hash_ = node_hash(peaks.pop()[1], hash_)
            height += 1
        peaks.append((height, hash_))

    def extend(self, hashes: bytes, height: int = 0) -> None:
        """Append many hashes of subtrees of one height that lie one after the other."""
        at, end = 0, len(hashes)
        while at < end:
            fit = (self.size >> height) & -(self.size >> height) if self.size >> height else 1 << 62
            count = min(fit, 1 << (((end - at) // HASH_BYTES).bit_length() - 1))
            self.append(perfect_root(hashes[at : at + count * HASH_BYTES]), height + count.bit_length() - 1)
            at += count * HASH_BYTES

    def root(self) -> bytes:
        """Return the root of the tree of `size` leaves."""
        if not self._peaks:
            return EMPTY_ROOT
        hash_ = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            hash_ = node_hash(peak, hash_)
        return hash_


def range_root(node: Node, begin: int, end: int) -> bytes:
    """Return the root over the leaves [begin, end); `begin` must be a multiple of the largest power of two that fits."""
    size = end - begin
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return node(height, begin >> height)
    middle = begin + _split(size)
    return node_hash(range_root(node, begin, middle), range_root(node, middle, end))


def root(node: Node, size: int) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return range_root(node, 0, size) if size else EMPTY_ROOT


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves, from the leaf up (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(range_root(node, middle, end))
            end = middle
        else:
            path.append(range_root(node, begin, middle))
            begin = middle
    return path[::-1]


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the beginning of that of `new` leaves (RFC 6962 section 2.1.2)."""
    if not 0 < old <= new:
        raise ValueError(f"no proof from {old} to {new} leaves")
    path: list[bytes] = []
    begin, end = 0, new
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(range_root(node, middle, end))
            end = middle
        else:
            path.append(range_root(node, begin, middle))
            begin = middle
    if begin:
        path.append(range_root(node, begin, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> None:
    """Check an audit path (RFC 9162 section 2.1.3.2). Raises ProofError."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    position, last, hash_ = index, size - 1, leaf
    for other in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if position & 1 or position == last:
            hash_ = node_hash(other, hash_)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            hash_ = node_hash(hash_, other)
        position >>= 1
        last >>= 1
    if last:
        raise ProofError("the proof is too short")
    if hash_ != expected_root:
        raise ProofError(f"the proof leads to root {hash_.hex()}, not {expected_root.hex()}")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that a tree of `new` leaves continues one of `old` leaves (RFC 9162 section 2.1.4.2). Raises ProofError."""
    if not 0 < old <= new:
        raise ProofError(f"no proof from {old} to {new} leaves")
    if old == new:
        if proof or old_root != new_root:
            raise ProofError("two trees of one size have different roots")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the proof is empty")
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    from_old = from_new = path[0]
    for other in path[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if position & 1 or position == last:
            from_old, from_new = node_hash(other, from_old), node_hash(other, from_new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            from_new = node_hash(from_new, other)
        position >>= 1
        last >>= 1
    if last or from_old != old_root or from_new != new_root:
        raise ProofError(f"the tree of {new} leaves does not continue that of {old}")


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
