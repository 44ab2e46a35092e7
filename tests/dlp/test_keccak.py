"""Keccak-256."""

from gatebook.dlp.keccak import keccak256


def test_known_digests() -> None:
    """The digests of nothing, of one word and of a nearly full block are those that are published."""
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"testing").hex() == "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"
    assert len({keccak256(bytes(size)) for size in range(136)}) == 136
