"""Which errors of the engine mean that its files are damaged or gone, and which only that a question or the machine is not well. Pure."""

from typing import Final

_FILES: Final = frozenset({33, 40, 74, 76, 107, 117, 226, 228, 246, 271, 432})
"""Cannot read all data, checksum, cannot read, cannot open, no such file, incorrect data, no file in part, bad size, corrupted, decompress, codec."""
_STANDARD_ERROR: Final = 1001
_NOT_OF_THE_FILES: Final = ("errno: 24,", "Too many open files", "No space left", "Permission denied", "errno: 12,")


def shows_damage(code: int, message: str, path: str) -> bool:
    """Say whether an error with this number is about a damaged or missing file below `path`."""
    if path not in message or any(words in message for words in _NOT_OF_THE_FILES):
        return False
    return code in _FILES or (code == _STANDARD_ERROR and "No such file" in message)
