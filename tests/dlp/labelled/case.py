"""One labelled case, and the rule by which a reported value is the value that a person wrote."""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["plain", "encoded", "gap", "hostile", "negative"]

# A finding may take in the words around the value ("password=..."), but not much more.
SURROUNDINGS_CHARS_MAX = 48


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A finding that must be there: the detector, and the value as a person wrote it; `others` are pieces that do as well."""

    detector: str
    value: str
    others: tuple[str, ...] = ()

    def met_by(self, detector: str, value: str) -> bool:
        """Tell whether a finding with this detector and value is the expected one; separators, case and invisible signs do not count."""
        return detector == self.detector and any(_covers(folded(value), folded(one)) for one in (self.value, *self.others))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A payload and what is to be found in it; `raw` is the JSON text itself where a value cannot express it.

    `way` is the form (prose, member, csv, line), the evasion, or the group of negatives. `also` names detectors that may
    speak up too: another reading of the same value that nobody could exclude.
    """

    id: str
    kind: Kind
    way: str
    payload: Any = None
    raw: str | None = None
    expect: tuple[Expected, ...] = ()
    also: frozenset[str] = field(default_factory=frozenset)
    note: str = ""

    def body(self) -> bytes:
        """Return the JSON text that the scanner gets."""
        if self.raw is not None:
            return self.raw.encode("utf-8", "surrogatepass")
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()


def folded(value: str | bytes) -> str:
    """Return the letters and digits of a value alone, in one case; escaped line ends are separators."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    plain = unicodedata.normalize("NFKD", re.sub(r"\\+[nr]", "", text))
    return re.sub(r"[^0-9a-z]", "", plain.casefold())


def _covers(found: str, wanted: str) -> bool:
    return wanted in found and len(found) <= len(wanted) + SURROUNDINGS_CHARS_MAX
