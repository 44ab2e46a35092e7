"""Heavy questions are told from light ones by their query alone."""

import pytest

from gatebook.query import parse, resolve
from gatebook.reading.weight import is_heavy


@pytest.mark.parametrize("text", ["", "tool:find*", "word", '"a phrase"', "-status:ok person:ann*", "args.limit:>100"])
def test_what_words_and_fields_answer_is_light(text: str) -> None:
    """However many rows there are."""
    assert not is_heavy(resolve(parse(text), 1))


@pytest.mark.parametrize("text", ["*a*", "tool:x OR (status:ok *b*c*)", "-*part*", "args.path:*tmp*"])
def test_what_reads_payloads_is_heavy(text: str) -> None:
    """Wherever it stands in the query."""
    assert is_heavy(resolve(parse(text), 1))
