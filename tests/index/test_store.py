"""What a lookup finds is what a query means, beside payloads or among calls, with the vocabulary, at a snapshot."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.index import Index, windows
from gatebook.query import Query, QueryError, matches, parse, resolve
from tests.index.generated import QUERIES, ROWS

NOW_US = ROWS[100].time
PUBLISHED = ROWS[:-20]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """All rows are in the tables, in three batches; the last one is not published."""
    path: Path = tmp_path_factory.mktemp("store")
    index = Index.open(path / "index")
    index.insert(PUBLISHED[:50])
    index.insert(PUBLISHED[50:])
    index.insert_payloads(ROWS[-20:])
    index.insert_calls(ROWS[-20:])
    yield index
    index.close()


def _queries(texts: list[str]) -> list[Query]:
    found = []
    for text in texts:
        try:
            found.append(resolve(parse(text), NOW_US))
        except QueryError:
            continue
    return found


@settings(max_examples=12)
@given(st.lists(QUERIES, min_size=15, max_size=15), st.sampled_from((windows.FIRST_ROWS, 4)))
def test_a_search_finds_what_the_query_means(stored: Index, texts: list[str], first_rows: int) -> None:
    """The same rows as `matches`, newest first, and as many; also where it takes several questions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "FIRST_ROWS", first_rows)
        for query in _queries(texts):
            expected = [row.call_id for row in reversed(PUBLISHED) if matches(query, row)]
            assert [row.call_id for row in stored.search(query, limit=1000).rows] == expected, query.text
            assert [row.call_id for row in stored.search(query, limit=7).rows] == expected[:7], query.text
            assert stored.count(query) == len(expected), query.text


@pytest.mark.parametrize(
    "text", ["alpha -beta", "alpha (status:ok OR NOT tool:x*)", "(alpha OR beta) person:ann", "alpha args.limit:*", "*lph* rule:r1"]
)
def test_words_with_fields_are_asked_for_beside_the_payloads(stored: Index, text: str) -> None:
    """In one table, with the same answer as among the calls."""
    query = resolve(parse(text), NOW_US)
    at = stored.snapshot()
    store = stored.store(at)
    lookup = store.lookup(query.tree, at)
    assert lookup.table == "payloads"
    assert "SELECT" not in lookup.condition.sql
    counts = []
    for source, condition in ((lookup.source, lookup.condition), (f"{store.database}.calls", store.where(query.tree, at))):
        counts.append(store.ask(f"SELECT count() AS n FROM {source} WHERE {condition.sql}", condition.params)[0]["n"])
    assert counts[0] == counts[1] == sum(matches(query, row) for row in PUBLISHED) > 0


@pytest.mark.parametrize("text", ["", "status:ok", "-alpha", "alpha OR status:ok", "NOT (alpha beta)"])
def test_calls_without_payloads_are_looked_for_among_the_calls(stored: Index, text: str) -> None:
    """Where one without a payload could match."""
    at = stored.snapshot()
    assert stored.store(at).lookup(resolve(parse(text), NOW_US).tree, at).table == "calls"
