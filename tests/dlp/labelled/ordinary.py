"""Ordinary payloads: what connectors return all day, with nothing to find; for the rate of false findings.

They hold numbers of every length, ids of many shapes, tables, addresses and hashes, but no address of a person, no credential
and no number that an authority gave to a person.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.dlp.labelled import ordinary_code, ordinary_office, ordinary_systems
from tests.dlp.labelled.draw import Draw
from tests.dlp.labelled.plain import enveloped

COUNT = 3_600
MAKERS: dict[str, Callable[[Draw], Any]] = ordinary_code.MAKERS | ordinary_office.MAKERS | ordinary_systems.MAKERS


def payloads(count: int = COUNT) -> Iterator[tuple[str, Any]]:
    """Yield pairs of the kind and the payload, in turn from each maker; the same ones each time."""
    draws = {kind: Draw(f"ordinary {kind}") for kind in MAKERS}
    kinds = list(MAKERS)
    for place in range(count):
        kind = kinds[place % len(kinds)]
        yield kind, enveloped(MAKERS[kind](draws[kind]), place // len(kinds))
