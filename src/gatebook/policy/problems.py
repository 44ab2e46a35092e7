"""What is wrong with a policy, a tool pack or a grant."""

import difflib
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or (a warning) that deserves a look."""

    rule: str
    """Id of the rule, `pack/NAME` or `grant/ID`."""
    path: str
    """Where in it: `selector.networks[0]`, `when`."""
    text: str
    level: Literal["error", "warning"] = "error"
    nearest: str | None = None
    """The valid name closest to one that is unknown."""
    line: int | None = None
    column: int | None = None
    """From 1, in a text of several lines such as `when`."""

    def __str__(self) -> str:
        """Return it as one line."""
        place = f", line {self.line}, column {self.column}" if self.column is not None else ""
        near = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.rule}: {self.path}{place}: {self.text}{near}"


class BundleError(ValueError):
    """A bundle that cannot be taken, with all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to an unknown one, if one is close."""
    found = difflib.get_close_matches(name[:128], list(known), n=1, cutoff=0.5)
    return found[0] if found else None
