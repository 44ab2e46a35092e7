"""How calls look in a terminal."""

import io

import msgspec
import pytest

from gatebook.cli import look
from tests.index.conftest import full_row


def call(**values: object) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(full_row(1, **values))
    return found


def test_columns_are_as_wide_as_their_content_up_to_a_limit() -> None:
    """And aligned below their heads."""
    head, first, second = look.table([call(tool="t" * 50, person="ann"), call(tool="x", status="upstream_error")], colour=False)
    assert "t" * 31 + "…" in first and "t" * 32 not in first
    assert head.index("TOOL") == first.index("ttt") == second.index(" x ") + 1
    assert head.index("CALL") == first.index("01a2")


def test_colour_is_for_the_status_only() -> None:
    """It does not change the width."""
    plain, coloured = (list(look.table([call(status="blocked")], colour=colour))[1] for colour in (False, True))
    assert coloured.replace("\x1b[35m", "").replace("\x1b[0m", "") == plain


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "a\rb", "\u202eevil", "\x9b31m", "a\x00b"])
def test_recorded_text_cannot_steer_the_terminal(text: str) -> None:
    """Control characters and marks that turn the direction of text are replaced."""
    assert all(char.isprintable() for char in look.clean(text))
    assert all(char.isprintable() for char in "".join(look.table([call(tool=text, person=text, client=text)], colour=False)))


@pytest.mark.parametrize(("us", "text"), [(999, "999 µs"), (2500, "2.5 ms"), (25_000, "25 ms"), (2_500_000, "2.5 s")])
def test_durations_are_in_the_unit_that_reads_best(us: int, text: str) -> None:
    """Three figures at most."""
    assert look.took(us) == text


@pytest.mark.parametrize(("count", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB")])
def test_sizes_are_in_thousands(count: int, text: str) -> None:
    """As in the search language."""
    assert look.size(count) == text


def test_a_pipe_is_not_coloured() -> None:
    """Only a terminal is."""
    assert not look.coloured(io.StringIO())


def test_somebody_without_a_name_is_shown_by_pseudonym() -> None:
    """An erased person is still told apart from others; nobody is a dash."""
    assert look.cells(call(subject="s" * 24))[2] == f"({'s' * 12})"
    assert look.cells(call(subject="-"))[2] == "-"
