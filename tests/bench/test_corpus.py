"""The made-up book: the same each time, in order, with what it hides."""

from bench.corpus import CHUNK, END_US, Corpus, needles, rare_parts, rare_words
from gatebook.query.paths import pairs
from gatebook.query.text import fold

CALLS = 3_000
ROWS = [row for rows in Corpus(CALLS).chunks() for row in rows]


def test_the_same_size_gives_the_same_rows() -> None:
    """Two generators agree, and a chunk can be made without those before it."""
    large = Corpus(CHUNK + 50)
    first, second = large.chunks()
    assert len(first) == CHUNK and second == Corpus(CHUNK + 50).chunk(CHUNK, 50)


def test_rows_are_in_the_order_of_time_and_sessions_are_of_one_person() -> None:
    """Oldest first, before the end; ids are different; a session has one person and one app."""
    times = [row.time for row in ROWS]
    assert times == sorted(times) and times[-1] < END_US
    assert len({row.call_id for row in ROWS}) == CALLS
    assert len({row.session for row in ROWS}) == len({(row.session, row.person, row.client) for row in ROWS}) < CALLS / 3


def test_arguments_by_path_are_what_the_product_makes_of_them() -> None:
    """The corpus writes them itself, for speed; they are those of `pairs`."""
    assert [row.args for row in ROWS] == [pairs(row.arguments.encode()) for row in ROWS]


def test_sizes_are_as_documented() -> None:
    """About 521 bytes of arguments and 1,779 of response; findings in one call of a hundred."""
    assert 480 < sum(row.bytes_in for row in ROWS) / CALLS < 560
    assert 1_600 < sum(row.bytes_out for row in ROWS) / CALLS < 1_950
    assert 0.005 < sum(bool(row.findings) for row in ROWS) / CALLS < 0.03


def test_what_is_hidden_is_there_and_nowhere_else() -> None:
    """Each needle, rare word and rare piece stands in the calls that it names, and in no other."""
    for needle in (*needles(CALLS), *rare_words(CALLS), *rare_parts(CALLS)):
        text = fold(needle.text)
        assert tuple(number for number, row in enumerate(ROWS) if text in row.arguments + row.response) == needle.calls, needle
