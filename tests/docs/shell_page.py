"""Runs the shell blocks of a page that are marked for it, as one session, and compares what they print with what the page shows.

`<!-- run -->` before a block runs it, `<!-- run in the background -->` leaves it running to the end of the session.
A `text` block after it is what the page shows. There, each word with a figure in it stands for any word, and `…` for anything.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"<!-- run(?P<background> in the background)? -->\n```sh\n(?P<code>.*?)```\n(?:```text\n(?P<shown>.*?)```\n)?", re.DOTALL
)
_UNITS = {"µs", "ms", "s"}
_MARK = "@@ block"
# Job control, so that what runs in the background has a process group of its own, and all of it can be ended.
_HEAD = """set -eum -o pipefail
trap 'for job in $(jobs -p); do kill -- -$job || true; done; wait' EXIT
"""


@dataclass(frozen=True)
class Block:
    """One block: its code, whether it stays running, and the lines that the page shows."""

    code: str
    background: bool
    shown: tuple[str, ...]


def blocks(page: Path) -> list[Block]:
    """Return the marked blocks of a page."""
    found = _BLOCK.finditer(page.read_text())
    return [Block(one["code"], bool(one["background"]), tuple((one["shown"] or "").splitlines())) for one in found]


def script(page: Path, replaced: dict[str, str], pause_s: float) -> str:
    """Return one bash script of all blocks. Each prints a line before it; `replaced` are texts that are exchanged in the code, such as ports."""
    parts = [_HEAD]
    for number, block in enumerate(blocks(page)):
        code = block.code
        for old, new in replaced.items():
            code = code.replace(old, new)
        # What a block starts behind its back must have been taken in before the next one looks for it.
        parts.append(f"sleep {pause_s}; echo '{_MARK} {number}'\n{_behind(code, number) if block.background else code}")
    return "".join(parts)


def _behind(code: str, number: int) -> str:
    log = f"${{TMPDIR:-/tmp}}/block-{number}.log"
    return f"({code}) >{log} &\nfor try in $(seq 300); do [ -s {log} ] && break; sleep 0.1; done; sleep 0.2; cat {log}\n"


def printed(output: str) -> dict[int, list[str]]:
    """Return the lines that each block printed, by its number."""
    found: dict[int, list[str]] = {}
    for part in output.split(_MARK)[1:]:
        number, _, text = part.partition("\n")
        found[int(number)] = text.splitlines()
    return found


def missing(shown: tuple[str, ...], lines: list[str]) -> list[str]:
    """Return the lines of the page that no printed line looks like."""
    return [line for line in shown if line.strip() and not any(_pattern(line).fullmatch(printed.strip()) for printed in lines)]


def _pattern(line: str) -> re.Pattern[str]:
    words = [_word(word) for word in line.split()]
    return re.compile(r"\s+".join(words), re.DOTALL)


def _word(word: str) -> str:
    if "…" in word:
        # With a figure beside it only the ellipsis is left of the word.
        return ".*" if re.search(r"\d", word) else ".*".join(re.escape(part) for part in word.split("…"))
    return r"\S+" if re.search(r"\d", word) or word in _UNITS else re.escape(word)
