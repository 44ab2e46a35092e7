"""The forms of an export: how calls become the bytes of a file. Parquet is made from lines by the engine, at the end. Pure but for that."""

import base64
import csv
import io
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from gatebook.index.engine import Engine
from gatebook.index.rows import CallRow
from gatebook.reading.exports_rows import COLUMNS, KINDS, PAYLOAD_COLUMNS, TIMES, Loaded
from gatebook.record.views.call import Origin
from gatebook.record.views.ocsf_1_8 import api_activity

FormName = Literal["csv", "ndjson", "parquet", "ocsf"]
_PARQUET_SETTINGS: Final = (
    "max_threads = 1, max_insert_threads = 1, max_memory_usage = 400000000, output_format_parquet_compression_method = 'zstd', "
    "output_format_parquet_string_as_string = 1, output_format_parquet_row_group_size = 100000, engine_file_truncate_on_insert = 1, "
    "input_format_parallel_parsing = 0, output_format_parquet_parallel_encoding = 0"
)
# What a spreadsheet would run as a formula, also behind blanks or in the wide forms of the signs; with the marks that `escape_cell` put before.
_FORMULA: Final = re.compile("'*(?:[\\t\\r\\n]|[\\s\\ufeff]*[=+\\-@\\uff1d\\uff0b\\uff0d\\uff20])")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BOM: Final = b"\xef\xbb\xbf"


class Form(Struct, frozen=True, kw_only=True):
    """A form. `records`: it needs the records of each call, not the row alone. `staged`: lines first, then made into the file by the engine."""

    name: FormName
    title: str
    extension: str
    media_type: str
    about: str
    records: bool = False
    staged: bool = False


FORMS: Final[dict[FormName, Form]] = {
    form.name: form
    for form in (
        Form(
            name="csv",
            title="CSV",
            extension="csv",
            media_type="text/csv; charset=utf-8; header=present",
            about="For spreadsheets. A cell that would be run as a formula begins with an apostrophe.",
        ),
        Form(name="ndjson", title="NDJSON", extension="ndjson", media_type="application/x-ndjson", about="One JSON object for each call."),
        Form(
            name="parquet",
            title="Parquet",
            extension="parquet",
            media_type="application/vnd.apache.parquet",
            about="Typed columns, zstd; for DuckDB, pandas, Spark and the like.",
            staged=True,
        ),
        Form(
            name="ocsf",
            title="OCSF 1.8 NDJSON",
            extension="ocsf.ndjson",
            media_type="application/x-ndjson",
            about="API Activity events (6003) for a SIEM, with the place of each record in the log.",
            records=True,
        ),
    )
}


def encoder(form: Form, *, payloads: bool, origin: Origin) -> tuple[bytes, Callable[[Iterable[Loaded]], bytes]]:
    """Return what a file of this form begins with, and what makes bytes of calls."""
    if form.name == "csv":
        return _csv_head(payloads), lambda calls: _csv(calls, payloads)
    if form.name == "ndjson":
        return b"", lambda calls: b"".join(_line(_json_row(call, payloads)) for call in calls)
    if form.name == "parquet":
        return b"", lambda calls: b"".join(_line(_flat_row(call, payloads)) for call in calls)
    return b"", lambda calls: b"".join(_line(api_activity(call.call, origin)) for call in calls if call.call is not None)


def columns(*, payloads: bool) -> tuple[str, ...]:
    """The columns of a table."""
    return COLUMNS + (PAYLOAD_COLUMNS if payloads else ())


def iso(time_us: int) -> str:
    """A time, RFC 3339 in UTC with microseconds; empty for none."""
    return (_EPOCH + timedelta(microseconds=time_us)).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z" if time_us else ""


def escape_cell(text: str) -> str:
    """Return the text so that no spreadsheet runs it. NUL, which no spreadsheet reads, becomes U+FFFD."""
    text = text.replace("\0", "\ufffd")
    return f"'{text}" if _FORMULA.match(text) else text


def to_parquet(engine: Engine, lines: Path, target: Path, *, payloads: bool) -> None:
    """Make a Parquet file of staged lines (gzip). Both paths are of our own making. Blocking. Raises EngineError."""
    names = columns(payloads=payloads)
    structure = ", ".join(f"{name} {_engine_type(name, stored=False)}" for name in names)
    chosen = ", ".join(
        f"if({name} = 0, NULL, fromUnixTimestamp64Micro({name}, 'UTC')) AS {name}" if name in TIMES else name for name in names
    )
    source = f"file({{lines:String}}, 'JSONEachRow', '{structure}', 'gzip')"
    engine.run(
        f"INSERT INTO FUNCTION file({{target:String}}, 'Parquet') SELECT {chosen} FROM {source} SETTINGS {_PARQUET_SETTINGS}",
        {"lines": str(lines), "target": str(target)},
    )


def _engine_type(name: str, *, stored: bool) -> str:
    kind = KINDS.get(name, str)
    if kind in (int, bool):
        return "Bool" if kind is bool else "Int64"
    if kind is str:
        return "String"
    return "Array(Int64)" if kind == tuple[int, ...] else "Array(String)"


def _value(row: CallRow, name: str) -> Any:
    value = getattr(row, name)
    return (iso(value) or None) if name in TIMES else value


def _json_row(call: Loaded, payloads: bool) -> dict[str, Any]:
    found = {name: _value(call.row, name) for name in COLUMNS}
    if payloads:
        for name in ("arguments", "response"):
            data = call.parts.get(name)
            found[name] = None if data is None else embedded(data)
            found[f"{name}_missing"] = call.missing.get(name)
    return found


def _flat_row(call: Loaded, payloads: bool) -> dict[str, Any]:
    found = {name: getattr(call.row, name) for name in COLUMNS}
    return {**found, **_texts(call)} if payloads else found


def _texts(call: Loaded) -> dict[str, str]:
    return {
        "arguments": text_of(call.parts.get("arguments", b"")),
        "arguments_missing": call.missing.get("arguments", ""),
        "response": text_of(call.parts.get("response", b"")),
        "response_missing": call.missing.get("response", ""),
    }


def embedded(data: bytes) -> msgspec.Raw | str:
    """A payload inside JSON: as JSON on one line where it is JSON, else as text."""
    try:
        data.decode()
        msgspec.json.decode(data)
        return msgspec.Raw(msgspec.json.format(data, indent=-1))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return text_of(data)


def text_of(data: bytes) -> str:
    """A payload as text: as it was sent, or `base64:` and its bytes when it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(data).decode()


def _line(value: dict[str, Any]) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _csv_head(payloads: bool) -> bytes:
    return _BOM + ",".join(f'"{name}"' for name in columns(payloads=payloads)).encode() + b"\r\n"


def _csv(calls: Iterable[Loaded], payloads: bool) -> bytes:
    out = io.StringIO(newline="")
    # Everything in quotes: a separator within a cell then begins no cell of its own.
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for call in calls:
        cells = [_cell(name, getattr(call.row, name)) for name in COLUMNS]
        if payloads:
            cells += [escape_cell(text) for text in _texts(call).values()]
        writer.writerow(cells)
    return out.getvalue().encode()


def _cell(name: str, value: Any) -> str:
    if name in TIMES:
        return iso(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return escape_cell("; ".join(map(str, value)) if isinstance(value, tuple) else value)
