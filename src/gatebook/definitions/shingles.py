"""Whether words of private responses stand in what goes out: keyed hashes of eight words in a row, in a Bloom filter of fixed size.

The filter keeps no text, and without the key it says nothing. Paraphrase, translation, encoding, and pieces of fewer than eight words
are missed; a long text between copied pieces makes the share small, so look at the count as well.
"""

import re
from hashlib import blake2b

from msgspec import Struct

WORDS_PER_SHINGLE = 8
RESPONSE_CHARACTERS_MAX = 65_536
ARGUMENTS_CHARACTERS_MAX = 262_144
FILTER_BYTES = 131_072
# With two bits for each, this many shingles leave one false answer in 200.
_SHINGLES_MAX = 40_000
_PLACE_MASK = FILTER_BYTES * 8 - 1
_LANE_BITS = 64
_FACTOR_MASK = (1 << 29) - 1
# A sign of a script without spaces is a word; longer runs than 64 are cut, so that remembering words takes bounded memory.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]{1,64}")
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|[bfnrt"\\/])')
_WORDS_KEPT_MAX = 65_536
_BIT = bytes(1 << place for place in range(8))


class Overlap(Struct, frozen=True, kw_only=True):
    """How many shingles a text has, and how many of them stood in what was read."""

    shingles: int
    known: int

    @property
    def share(self) -> float:
        """The known part, 0 to 1; 0 for a text that is too short to have shingles."""
        return self.known / self.shingles if self.shingles else 0.0


class Hasher:
    """Hashes shingles under one key; all sessions of a process share one, since it remembers words that it has hashed (at most 64 K)."""

    def __init__(self, key: bytes) -> None:
        """`key` has 16 to 64 bytes and never leaves the process. Raises ValueError for another length."""
        if not 16 <= len(key) <= 64:
            raise ValueError("A key for shingles has 16 to 64 bytes.")
        factors = blake2b(b"factors", digest_size=4 * WORDS_PER_SHINGLE, key=key).digest()
        parts = [int.from_bytes(factors[at : at + 4], "big") for at in range(0, len(factors), 4)]
        self._factors = [part & _FACTOR_MASK | 1 for part in parts]
        self._words = _Words(key)

    def shingles(self, text: str) -> memoryview:
        """Return a number below 2^64 for each eight words in a row: the sum of the words' keyed hashes, each times the secret factor of its place.

        All sums are made at once, in lanes of one long integer: 32 bits times 29 bits, eight times, just fit into 64.
        """
        if len(self._words) > _WORDS_KEPT_MAX:
            self._words.clear()
        lanes = b"".join(map(self._words.__getitem__, _WORD.findall(_unescaped(text).casefold())))
        lane_bytes = _LANE_BITS // 8
        count = max(0, len(lanes) // lane_bytes - WORDS_PER_SHINGLE + 1)
        values = int.from_bytes(lanes, "little")
        sums = sum((values >> _LANE_BITS * place) * factor for place, factor in enumerate(self._factors))
        return memoryview(sums.to_bytes(len(lanes) + lane_bytes, "little")[: count * lane_bytes]).cast("Q")


class _Words(dict[str, bytes]):
    """Word -> its hash of 32 bits in a lane of 64."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, word: str) -> bytes:
        lane = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4, key=self._key).digest() + bytes(4)
        self[word] = lane
        return lane


class Shingles:
    """What one session has read. At most 256 KB: when a filter is full a second one begins, and the older of two is forgotten."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._filters: list[bytearray] = []
        self._count = 0

    def add(self, response: str) -> None:
        """Take in a private response: JSON or plain text, of which the first 64 K characters count."""
        shingles = set(self._hasher.shingles(response[:RESPONSE_CHARACTERS_MAX]))
        if not shingles:
            return
        if not self._filters or self._count + len(shingles) > _SHINGLES_MAX:
            self._filters = [*self._filters[-1:], bytearray(FILTER_BYTES)]
            self._count = 0
        newest, bit = self._filters[-1], _BIT
        for shingle in shingles:
            one, other = shingle & _PLACE_MASK, shingle >> 20 & _PLACE_MASK
            newest[one >> 3] |= bit[one & 7]
            newest[other >> 3] |= bit[other & 7]
        self._count += len(shingles)

    def overlap(self, arguments: str) -> Overlap:
        """Tell how much of the arguments of a call (JSON or plain text, the first 256 K characters) stood in what was read."""
        if not self._filters:
            return Overlap(shingles=0, known=0)
        shingles, bit = self._hasher.shingles(arguments[:ARGUMENTS_CHARACTERS_MAX]), _BIT
        known = 0
        for shingle in shingles:
            one, other = shingle & _PLACE_MASK, shingle >> 20 & _PLACE_MASK
            for each in self._filters:
                if each[one >> 3] & bit[one & 7] and each[other >> 3] & bit[other & 7]:
                    known += 1
                    break
        return Overlap(shingles=len(shingles), known=known)


def _unescaped(text: str) -> str:
    """Return the text without JSON's escapes, so that one text has the same words in a response and in arguments, however each was written."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else " ", text)
