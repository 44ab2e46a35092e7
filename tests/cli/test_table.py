"""Tables in a terminal: golden output at two widths, and tables of what is hostile."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.cli import table
from gatebook.cli.main import Problem
from gatebook.cli.width import clean, width
from tests.index.conftest import full_row

ANN = {"person": "ann", "name": "Ann Chovey", "email": "ann@corp.example", "client": "Claude Desktop", "connector": "crm"}
EIGHTY = """\
TIME (UTC)      STATUS          PERSON          CONNECTOR / TOOL            TOOK
10-26 07:33:21  ok              Ann Chovey      crm / find_customer       2.5 ms
10-26 07:33:22  blocked         山田太郎        tickets / delete_project  640 µs
10-26 07:33:23  upstream_error  (ffffffffffff)  crm / \\x1b[31mred and a…  31.0 s
10-26 07:33:24  open            -               tools/list
10-26 07:33:25  redacted        Ann Chovey      crm / export_contacts      1.5 s"""
HUNDRED_TWENTY = """\
TIME (UTC)      STATUS          PERSON          CONNECTOR / TOOL              TOOK  CALL
10-26 07:33:21  ok              Ann Chovey      crm / find_customer         2.5 ms  01a20000-0000-7000-8000-000000000001
10-26 07:33:22  blocked         山田太郎        tickets / delete_project    640 µs  01a20000-0000-7000-8000-000000000002
10-26 07:33:23  upstream_error  (ffffffffffff)  crm / \\x1b[31mred and a l…  31.0 s  01a20000-0000-7000-8000-000000000003
10-26 07:33:24  open            -               tools/list                          01a20000-0000-7000-8000-000000000004
10-26 07:33:25  redacted        Ann Chovey      crm / export_contacts        1.5 s  01a20000-0000-7000-8000-000000000005"""


def calls() -> list[dict[str, Any]]:
    """Five calls that show what a table has to cope with."""
    rows = (
        full_row(1, **ANN, tool="find_customer", duration_us=2500),
        full_row(2, name="山田太郎", connector="tickets", tool="delete_project", status="blocked", duration_us=640),
        full_row(3, subject="f" * 24, connector="crm", tool="\x1b[31mred and a long name", status="upstream_error", duration_us=31_000_000),
        full_row(4, subject="-", method="tools/list", status="open"),
        full_row(5, **ANN, tool="export_contacts", effect="redacted", duration_us=1_500_000),
    )
    return [msgspec.to_builtins(row) for row in rows]


def rendered(terminal: int | None, *, columns: str | None = None, colour: bool = False) -> list[str]:
    """The lines of a table of these calls."""
    return list(table.render(calls(), table.choose(columns, terminal), terminal=terminal, colour=colour))


@pytest.mark.parametrize(("terminal", "golden"), [(80, EIGHTY), (120, HUNDRED_TWENTY)])
def test_golden_tables(terminal: int, golden: str) -> None:
    """Aligned also where characters are wide; no line is wider than the terminal; what does not fit ends in an ellipsis."""
    lines = rendered(terminal)
    assert "\n".join(lines) == golden
    assert max(map(width, lines)) <= terminal


def test_a_pipe_gets_everything() -> None:
    """All columns, and ids whole."""
    head, first, *_ = rendered(None)
    assert head.split("  ")[0] == "TIME (UTC)" and "CLIENT" in head and first.endswith("01a20000-0000-7000-8000-000000000001")


def test_colour_is_for_the_status_and_changes_no_width() -> None:
    """It comes and goes without moving anything."""
    plain, coloured = rendered(80), rendered(80, colour=True)
    assert "\x1b[35mblocked" in coloured[2]
    strip = [line for text in coloured for line in [text.replace("\x1b[0m", "")]]
    for code in ("\x1b[2m", "\x1b[32m", "\x1b[35m", "\x1b[31m", "\x1b[34m", "\x1b[36m"):
        strip = [line.replace(code, "") for line in strip]
    assert strip == plain


def test_columns_of_ones_own() -> None:
    """Any field of a call; lists are joined; a name that is none is answered with the nearest."""
    lines = rendered(None, columns="call,groups,is_error")
    assert lines[0].split() == ["CALL", "GROUPS", "IS_ERROR"] and lines[1].endswith("false")
    with pytest.raises(Problem, match="did you mean connector"):
        rendered(None, columns="conector")


@given(st.text(max_size=60), st.integers(40, 200))
def test_no_text_breaks_a_table(text: str, terminal: int) -> None:
    """One line for each call, within the terminal, with nothing that steers it."""
    fields = dict.fromkeys(("name", "tool", "connector", "client"), text)
    rows = [msgspec.to_builtins(full_row(1, **fields))]
    lines = list(table.render(rows, table.choose(None, terminal), terminal=terminal, colour=False))
    assert len(lines) == 2 and all(line == clean(line) for line in lines)
    if terminal >= 60:
        assert max(map(width, lines)) <= terminal
