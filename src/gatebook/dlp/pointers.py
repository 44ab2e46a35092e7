"""JSON pointers (RFC 6901) of tokens, for those tokens only that a finding stands in."""

import re
from collections.abc import Iterable, Mapping

from gatebook.dlp.document import Document, decode
from gatebook.dlp.hit import Exhausted

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
STEP = re.compile(rb"(" + _STRING + rb")(\s*:)?|[\[{]|[\]}]|,|-?\d[\d.eE+-]*", re.DOTALL)
# An object without containers in it is one match, and so is a member with a plain value and the comma behind it: most of a document is passed over quickly.
_STEP = re.compile(
    rb'\{[^{}\[\]"]*+(?:' + _STRING + rb'[^{}\[\]"]*+)*+\}'
    rb"|(" + _STRING + rb")\s*:\s*(?:(?:" + _STRING + rb'|[^\s"{}\[\],]+)\s*,?)?'
    rb"|" + _STRING + rb'|[\[{\]},]|[^\s"{}\[\],:]+',
    re.DOTALL,
)
_Step = int | tuple[int, bytes]


class _Frame:
    """A container that is open: the index or key of the current element, and how that was written last."""

    __slots__ = ("known", "step")

    def __init__(self, step: _Step) -> None:
        self.step = step
        self.known: tuple[_Step, str, str] | None = None


def pointers(document: Document, offsets: Iterable[int], depth_max: int, hidden: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    """Return the pointer of the leaf, or of the member whose key it is, for each offset of a token; and the same with the names in `hidden`, by key offset.

    Raises Exhausted when one stands deeper than allowed.
    """
    wanted = sorted(set(offsets), reverse=True)
    found: dict[int, tuple[str, str]] = {}
    frames: list[_Frame] = []
    payload = document.payload
    for match in _STEP.finditer(payload):
        if not wanted:
            break
        end, key = match.end(), match.group(1)
        first, last = payload[match.start()], payload[end - 1]
        flat = first == 0x7B and last == 0x7D
        if key is not None and frames:
            frames[-1].step = match.start(), key
        if wanted[-1] < end:
            if len(frames) + flat > depth_max:
                raise Exhausted("too_deep")
            plain, safe = _pointer(frames, hidden)
            while wanted and wanted[-1] < end:
                at = wanted.pop()
                found[at] = _member(document, at, plain, safe, hidden) if flat else (plain, safe)
        if flat:
            continue
        if last == 0x7B or last == 0x5B:
            frames.append(_Frame(0 if last == 0x5B else (0, b'""')))
        elif last == 0x7D or last == 0x5D:
            frames.pop()
        elif last == 0x2C and key is None and isinstance(step := frames[-1].step, int):
            frames[-1].step = step + 1
    return found


def escape(name: str) -> str:
    """Return a name as it stands in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _member(document: Document, at: int, plain: str, safe: str, hidden: Mapping[int, str]) -> tuple[str, str]:
    key_at, key = document.key(at)
    name = escape(decode(key))
    return f"{plain}/{name}", f"{safe}/{escape(hidden[key_at]) if key_at in hidden else name}"


def _pointer(frames: list[_Frame], hidden: Mapping[int, str]) -> tuple[str, str]:
    """Return the pointer of where the frames stand, and the safe one. Each frame keeps its name, because the next token mostly has the same parents."""
    plain = safe = ""
    for frame in frames:
        step = frame.step
        if frame.known is None or frame.known[0] != step:
            name = str(step) if isinstance(step, int) else escape(decode(step[1]))
            shown = name if isinstance(step, int) or step[0] not in hidden else escape(hidden[step[0]])
            frame.known = step, name, shown
        plain += f"/{frame.known[1]}"
        safe += f"/{frame.known[2]}"
    return plain, safe
