"""Calls by how long they took, in bands, in one pass."""

from collections.abc import Sequence

from gatebook.index.index import Index, resolved
from gatebook.index.snapshot import Snapshot
from gatebook.index.store import TIMEOUT_S
from gatebook.query import Query


def bands(
    index: Index, query: Query, edges_us: Sequence[int], *, snapshot: Snapshot | None = None, timeout_s: float = TIMEOUT_S
) -> list[int]:
    """Count the calls below the first edge, between each two, and from the last one on; waiting calls too. Edges ascend, in microseconds."""
    at, asked = snapshot or index.snapshot(), resolved(query)
    store = index.store(at)
    found = store.lookup(asked.tree, at)
    params = {**found.condition.params, **{f"edge{number}": edge for number, edge in enumerate(edges_us)}}
    columns = ["count() AS n", *(f"countIf(duration_us >= {{edge{number}:Int64}}) AS n{number}" for number in range(len(edges_us)))]
    row = store.ask(f"SELECT {', '.join(columns)} FROM {found.source} WHERE {found.condition.sql}", params, timeout_s, found.order)[0]
    waiting = [call.duration_us for call in at.matching(asked)]
    over = [int(row["n"]) + len(waiting)]
    over += [int(row[f"n{number}"]) + sum(held >= edge for held in waiting) for number, edge in enumerate(edges_us)]
    return [one - other for one, other in zip(over, [*over[1:], 0], strict=True)]
