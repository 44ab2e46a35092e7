"""What a detector is: data, so that people can add their own beside the built-in ones."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

from msgspec import Struct

from gatebook.record.parts import Severity


class Detector(Struct, frozen=True, kw_only=True):
    """Finds one kind of sensitive data in text.

    `pattern` says exactly what a value looks like, in the syntax that RE2, Hyperscan and `re` share; `\\b`, `\\d` and `\\w` mean ASCII. A group named
    `value` names the value when it is not the whole match. `probe` is a cheaper pattern that matches wherever a value may stand; it is applied to raw
    JSON, so it holds no quotes, slashes, backslashes or leading boundary. `validator` names a function of `validators.py`.
    `context`: words of which one must stand near or in the key. `keyed`: the pattern is also applied to `key=value` of each member.
    """

    id: str
    severity: Severity
    pattern: str
    probe: str | None = None
    validator: str | None = None
    context: tuple[str, ...] = ()
    keyed: bool = False
    title: str
    examples: tuple[str, ...] = ()
    non_examples: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The id without its family: `email` of `pii/email`."""
        return self.id.rpartition("/")[2]


def select(patterns: Iterable[str], detectors: Collection[str]) -> tuple[str, ...]:
    """Return the ids that patterns mean, in the order of `detectors`, which are ids: `*`, `secret/*`, `pii/iban`, or a bare name such as `credit_card`.

    Raises ValueError, which names the unknown pattern and the nearest known one.
    """
    wanted: set[str] = set()
    for pattern in patterns:
        found = {name for name in detectors if fnmatchcase(name, pattern) or fnmatchcase(name.rpartition("/")[2], pattern)}
        if not found:
            raise ValueError(f"There is no detector {pattern!r}.{_nearest(pattern, detectors)}")
        wanted |= found
    return tuple(name for name in detectors if name in wanted)


def _nearest(pattern: str, detectors: Collection[str]) -> str:
    families = {name.partition("/")[0] + "/*" for name in detectors}
    bare = [name.rpartition("/")[2] for name in detectors]
    near = get_close_matches(pattern, [*detectors, *bare, *sorted(families)], n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""
