"""A bar of progress on a terminal; nothing anywhere else."""

from typing import TextIO

from gatebook.cli import bars, look
from gatebook.cli.width import cut, pad

_BAR = 24


class Progress:
    """Draws over its own line until it ends."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = False

    def show(self, done: int, total: int, words: str) -> None:
        """How far it is, and in words."""
        terminal = look.columns_of(self._stream)
        if terminal is None:
            return
        share = min(1.0, done / total) if total else 0.0
        drawn = look.paint(pad(bars.bar(share, _BAR), _BAR), "34", look.coloured(self._stream))
        text = cut(f" {share * 100:3.0f} %  {words}", terminal - _BAR - 3)
        self._stream.write(f"\r\x1b[2K▕{drawn}▏{text}")
        self._stream.flush()
        self._shown = True

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._shown = False
