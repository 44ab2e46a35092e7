"""Trees and proofs against the published vectors and against the definitions of RFC 6962 written down naively."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.log import merkle
from gatebook.log.merkle import CompactRange, ProofError

# The eight leaves and their roots that implementations of certificate transparency share.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CONSISTENCY_6_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
LEAVES = [sha256(b"\0" + bytes.fromhex(text)).digest() for text in INPUTS]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return sha256(b"\x01" + naive_root(leaves[:middle]) + naive_root(leaves[middle:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if index < middle:
        return [*naive_path(index, leaves[:middle]), naive_root(leaves[middle:])]
    return [*naive_path(index - middle, leaves[middle:]), naive_root(leaves[:middle])]


def naive_subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if old <= middle:
        return [*naive_subproof(old, leaves[:middle], whole), naive_root(leaves[middle:])]
    return [*naive_subproof(old - middle, leaves[middle:], False), naive_root(leaves[:middle])]


def some_leaves(count: int) -> list[bytes]:
    """Leaf hashes that all differ."""
    return [sha256(count_text.encode()).digest() for count_text in map(str, range(count))]


def node_of(leaves: list[bytes]) -> merkle.Node:
    """Read nodes from a list of leaves."""
    return lambda level, index: naive_root(leaves[index << level : (index + 1) << level])


def test_published_roots() -> None:
    """The roots of the eight published leaves, by compact range and by proof of nodes."""
    range_ = CompactRange()
    assert range_.root().hex() == ROOTS[0]
    for size, leaf in enumerate(LEAVES, 1):
        range_.append(leaf)
        assert range_.root().hex() == ROOTS[size]
        assert merkle.root(node_of(LEAVES), size).hex() == ROOTS[size]


def test_published_consistency_proof() -> None:
    """The published proof from 6 to 8 leaves is the one we make, and it verifies."""
    proof = merkle.consistency_proof(node_of(LEAVES), 6, 8)
    assert [hash_.hex() for hash_ in proof] == CONSISTENCY_6_8
    merkle.verify_consistency(6, 8, proof, bytes.fromhex(ROOTS[6]), bytes.fromhex(ROOTS[8]))


@given(st.integers(0, 600), st.lists(st.integers(0, 600), max_size=4))
def test_compact_range_matches_the_definition(size: int, cuts: list[int]) -> None:
    """However a tree is appended to, in one go or in pieces, its root is that of the definition."""
    leaves = some_leaves(size)
    range_ = CompactRange()
    edges = sorted({0, size, *(cut for cut in cuts if cut < size)})
    for begin, end in zip(edges, edges[1:], strict=False):
        range_.extend(b"".join(leaves[begin:end]))
    assert range_.size == size
    assert range_.root() == naive_root(leaves)


@given(st.integers(1, 300), st.data())
def test_inclusion_proofs(size: int, data: st.DataObject) -> None:
    """An inclusion proof is that of the definition, verifies, and fails for any other leaf, place or root."""
    leaves = some_leaves(size)
    index = data.draw(st.integers(0, size - 1))
    root = naive_root(leaves)
    proof = merkle.inclusion_proof(node_of(leaves), index, size)
    assert proof == naive_path(index, leaves)
    merkle.verify_inclusion(leaves[index], index, size, proof, root)
    wrong = [
        (sha256(b"x").digest(), index, proof, root),
        (leaves[index], index, [*proof, root], root),
        (leaves[index], index, proof, sha256(b"x").digest()),
        (leaves[index], size, proof, root),
    ]
    wrong += [(leaves[index], index, proof[:-1], root)] if proof else []
    wrong += [(leaves[index], (index + 1) % size, proof, root)] if size > 1 else []
    for leaf, place, path, expected in wrong:
        with pytest.raises(ProofError):
            merkle.verify_inclusion(leaf, place, size, path, expected)


@given(st.integers(1, 300), st.data())
def test_consistency_proofs(new: int, data: st.DataObject) -> None:
    """A consistency proof is that of the definition, verifies, and fails for any other history."""
    leaves = some_leaves(new)
    old = data.draw(st.integers(1, new))
    old_root, new_root = naive_root(leaves[:old]), naive_root(leaves)
    proof = merkle.consistency_proof(node_of(leaves), old, new)
    assert proof == naive_subproof(old, leaves, True)
    merkle.verify_consistency(old, new, proof, old_root, new_root)
    for path, before, after in (
        ([*proof, new_root], old_root, new_root),
        (proof, sha256(b"x").digest(), new_root),
        (proof, old_root, bytes(32)),
    ):
        with pytest.raises(ProofError):
            merkle.verify_consistency(old, new, path, before, after)
    if proof:
        with pytest.raises(ProofError):
            merkle.verify_consistency(old, new, proof[:-1], old_root, new_root)


def test_range_refuses_a_subtree_out_of_place() -> None:
    """A perfect subtree may only be appended where it begins in the tree."""
    range_ = CompactRange()
    range_.append(LEAVES[0])
    with pytest.raises(ValueError):
        range_.append(LEAVES[1], height=1)
