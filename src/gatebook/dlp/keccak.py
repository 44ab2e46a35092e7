"""Keccak-256 as Ethereum uses it. `hashlib` has SHA-3, which pads differently."""

_ROUNDS = (
    0x1, 0x8082, 0x800000000000808A, 0x8000000080008000, 0x808B, 0x80000001, 0x8000000080008081, 0x8000000000008009, 0x8A, 0x88, 0x80008009, 0x8000000A,
    0x8000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x80000001, 0x8000000080008008,
)  # fmt: skip
_TURNS = (1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44)
_LANES = (10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1)
_MASK = (1 << 64) - 1
_RATE = 136


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte digest of fewer than 136 bytes, which is one block."""
    assert len(data) < _RATE
    block = bytearray(data.ljust(_RATE, b"\0"))
    block[len(data)] ^= 0x01
    block[-1] ^= 0x80
    state = [int.from_bytes(block[place : place + 8], "little") for place in range(0, _RATE, 8)] + [0] * 8
    for constant in _ROUNDS:
        _round(state, constant)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _round(state: list[int], constant: int) -> None:
    columns = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
    for x in range(5):
        turned = columns[(x + 1) % 5]
        change = columns[(x + 4) % 5] ^ ((turned << 1 | turned >> 63) & _MASK)
        for y in range(x, 25, 5):
            state[y] ^= change
    carried = state[1]
    for lane, turn in zip(_LANES, _TURNS, strict=True):
        state[lane], carried = (carried << turn | carried >> (64 - turn)) & _MASK, state[lane]
    for y in range(0, 25, 5):
        a, b, c, d, e = state[y : y + 5]
        state[y : y + 5] = (a ^ (~b & c), b ^ (~c & d), c ^ (~d & e), d ^ (~e & a), e ^ (~a & b))
    state[0] ^= constant
    for lane in range(25):
        state[lane] &= _MASK
