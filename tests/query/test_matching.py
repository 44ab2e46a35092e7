"""What a query means for one row. The test of the SQL compiler holds the engine to the same meaning."""

from types import SimpleNamespace
from typing import Any

import pytest

from gatebook.query import matches, parse, resolve
from gatebook.query.fields import FIELDS

HOUR_US = 3_600_000_000
NOW = 1_793_534_400_000_000  # 2026-11-01T12:00:00Z


def row(**values: Any) -> SimpleNamespace:
    columns = {column: field for field in FIELDS.values() for column in field.columns}
    empty: dict[str, Any] = {
        column: () if field.many else False if field.kind == "flag" else 0 if field.kind in ("number", "duration", "size", "time") else ""
        for column, field in columns.items()
    }
    call = {
        "time": NOW - HOUR_US,
        "person": "ann",
        "email": "Ann.Lee@corp.example",
        "name": "Ann Lee",
        "connector": "github",
        "status": "ok",
    }
    return SimpleNamespace(**{**empty, **call, **values})


@pytest.mark.parametrize(
    "query",
    [
        "",
        "person:ann",
        "person:ANN.LEE@corp.example",
        'person:"ann lee"',
        "person:ann.l*",
        "email:*@corp.example",
        "email:a*l*e@*example",
        "-connector:jira",
        "connector:(jira,github)",
        "time:2026-11-01",
        "time:2026-11-01T11:00..2026-11-01T11:01",
        "since:-2h",
        "until:now",
        "time:-2h..-30m",
        "group:*ng*",
        "NOT http_status:*",
        "duration:<1s",
        "rule:*",
        "is_error:false",
        "needle",
        '"the needle"',
        "need*",
        "arguments:*eedl*",
        "response:other needle",
        "-arguments:other",
    ],
)
def test_a_row_matches(query: str) -> None:
    """Each sort of condition can hold."""
    call = row(groups=("eng",), rules=("r1",), arguments='{"q":"the needle"}', response="some other text")
    assert matches(resolve(parse(query), NOW), call)


@pytest.mark.parametrize(
    "query",
    [
        "person:an",
        "person:lee*",
        "email:*@other.example",
        "connector:git",
        "-connector:github",
        "time:2026-11-02",
        "time:..2026-11-01T11:00",
        "since:-30m",
        "group:sales",
        "http_status:<500",
        "http_status:0",
        "rule:*",
        "session:*",
        "is_error:true",
        "needl",
        '"needle the"',
        '"he needle"',
        "eedle*",
        "response:needle",
    ],
)
def test_a_row_does_not_match(query: str) -> None:
    """Each sort of condition can fail; absent numbers are neither small nor zero."""
    assert not matches(resolve(parse(query), NOW), row(groups=("eng",), arguments='{"q":"the needle"}', response="some other text"))


def test_a_relative_time_must_be_resolved_first() -> None:
    """Matching has no clock, so it refuses rather than guesses."""
    with pytest.raises(ValueError, match="resolved"):
        matches(parse("since:-1h"), row())
