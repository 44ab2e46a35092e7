"""The tables. Metadata and payloads are apart because scans of metadata are eight times faster without payloads beside them."""

from typing import Final, get_args

from gatebook.record.parts import Status

SCHEMA_VERSION: Final = 5
"""Raise it with every change here: an index of another version is built anew from the log."""

_DURABLE: Final = "fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0"
_SETTLED: Final = "min_age_to_force_merge_seconds = 21600, min_age_to_force_merge_on_partition_only = 1"
"""A week or month that gets no more calls becomes one part: words are found there in half the time. Long enough that a calm hour of the current week, in
which a call comes now and then, does not have it written anew each time."""
_FRUGAL: Final = "min_columns_to_activate_adaptive_write_buffer = 1, vertical_merge_algorithm_min_rows_to_activate = 1"
"""Else each of eighty columns is written through buffers of megabytes: 400 MB for an insert, 770 MB for a merge, against 140 and 90."""
_WORD: Final = "LowCardinality(String)"
_TEXT: Final = "String CODEC(ZSTD(1))"
_COUNT: Final = "UInt64 CODEC(T64, ZSTD(1))"
OUTCOMES: Final = (*get_args(Status), "open", "redacted")
"""How a call ended, as histograms show it: its status, with those apart that went through redacted."""
_KNOWN: Final = frozenset(OUTCOMES)
_OUTCOME: Final = "Enum8('' = 0, " + ", ".join(f"'{name}' = {number}" for number, name in enumerate(OUTCOMES, 1)) + ") CODEC(LZ4)"
_TIME: Final = "DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1))"

CALLS: Final[dict[str, str]] = {
    "call_id": "UUID CODEC(ZSTD(1))",
    # As it is: nearly every question reads it, and decoding took longer than all else in a histogram.
    "time": "DateTime64(6, 'UTC') CODEC(NONE)",
    "finished": _TIME,
    "duration_us": _COUNT,
    "gateway_us": _COUNT,
    "policy_us": _COUNT,
    "dlp_us": _COUNT,
    "log_us": _COUNT,
    "upstream_us": _COUNT,
    "person": _WORD,
    "email": _WORD,
    "name": _WORD,
    "groups": f"Array({_WORD})",
    "subject": _WORD,
    "actor_kind": _WORD,
    "auth": _WORD,
    "token": _WORD,
    "client": _WORD,
    "client_version": _WORD,
    "user_agent": _WORD,
    "ip": _TEXT,
    "session": _TEXT,
    "connector": _WORD,
    "tool": _WORD,
    "tool_hash": _WORD,
    "method": _WORD,
    "http_method": _WORD,
    "endpoint": _WORD,
    "protocol": _WORD,
    "request_id": _TEXT,
    "status": _WORD,
    "transport": _WORD,
    "http_status": "UInt16 CODEC(ZSTD(1))",
    "rpc_code": "Int64 CODEC(ZSTD(1))",
    "is_error": "Bool CODEC(ZSTD(1))",
    "error_class": _WORD,
    "detail": _TEXT,
    "effect": _WORD,
    "rules": f"Array({_WORD})",
    "bundle": _WORD,
    "reason": _WORD,
    "trace": _TEXT,
    "credential": _WORD,
    "credential_kind": _WORD,
    "server": _WORD,
    "findings": f"Array({_WORD})",
    "detectors": f"Array({_WORD})",
    "severities": f"Array({_WORD})",
    "fingerprints": "Array(String) CODEC(ZSTD(1))",
    "api_hosts": f"Array({_WORD})",
    "api_methods": f"Array({_WORD})",
    "api_statuses": "Array(UInt16) CODEC(ZSTD(1))",
    "returned": _COUNT,
    "bytes_in": _COUNT,
    "bytes_out": _COUNT,
    "round_first": _TEXT,
    "round_number": "UInt32 CODEC(ZSTD(1))",
    "messages": "UInt32 CODEC(ZSTD(1))",
    "extra_answers": "UInt32 CODEC(ZSTD(1))",
    "response_dropped": _WORD,
    "payload": _WORD,
    "stream": _WORD,
    "started_seq": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "started_segment": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "started_offset": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "outcome_seq": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "outcome_segment": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "outcome_offset": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "who": _WORD,
    "outcome": _OUTCOME,
    "batch": "UInt32 CODEC(LZ4)",
}
"""The columns of `rows.CallRow`, then those that only questions use: `who` names a person whole (`people.key`), `batch` is the number of the insert."""

ROW: Final = {"row": "String CODEC(ZSTD(1))"}
"""All of `rows.CallRow` once more in one piece (`packed`): a page of scattered calls reads this column only, not seventy."""

PAYLOADS: Final[dict[str, str]] = {
    **CALLS,
    "time": _TIME,
    "arguments": "String CODEC(ZSTD(3))",
    "response": "String CODEC(ZSTD(3))",
    "args": "Array(String) CODEC(ZSTD(3))",
}
"""What a call is known by stands beside its payloads too, so that words and fields are asked for in one place."""

RECORDS: Final[dict[str, str]] = {
    "id": "UUID CODEC(ZSTD(1))",
    "time": _TIME,
    "type": _WORD,
    "stream": _WORD,
    "seq": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "segment": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "offset": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "call": _TEXT,
    "subject": _WORD,
    "person": _WORD,
    "connector": _WORD,
    "method": _WORD,
    "summary": "String CODEC(ZSTD(3))",
    "text": "String CODEC(ZSTD(3))",
}


_BESIDE: Final = "who, session, time, call_id, batch, connector, tool, person, client, status, effect, outcome, duration_us"
"""What stands in the orders by person and by session: what their calls are listed and counted by, so that the table itself is not read."""
COLUMNS: Final = {"calls": {**CALLS, **ROW}, "payloads": PAYLOADS, "records": RECORDS}
TABLES: Final = tuple(COLUMNS)


def outcome_of(status: str, effect: str) -> str:
    """Return the outcome of a call for its column; empty for a status that this version does not know."""
    return "redacted" if status == "ok" and effect == "redacted" else status if status in _KNOWN else ""


def statements(database: str) -> list[str]:
    """Return what creates a database and its tables."""
    return [
        f"CREATE DATABASE IF NOT EXISTS {database}",
        _table(
            f"{database}.calls",
            COLUMNS["calls"],
            [
                "INDEX by_id call_id TYPE bloom_filter(0.01) GRANULARITY 8",
                "INDEX by_trace trace TYPE bloom_filter(0.01) GRANULARITY 8",
                "INDEX by_fingerprint fingerprints TYPE bloom_filter(0.01) GRANULARITY 1",
                "INDEX by_finding findings TYPE bloom_filter(0.01) GRANULARITY 4",
                "INDEX by_rule rules TYPE bloom_filter(0.01) GRANULARITY 4",
                "INDEX by_seq outcome_seq TYPE minmax GRANULARITY 1",
                f"PROJECTION by_who (SELECT {_BESIDE} ORDER BY who, time, call_id)",
                f"PROJECTION by_session (SELECT {_BESIDE} ORDER BY session, time, call_id)",
            ],
            "toYYYYMM(time)",
            "(time, call_id)",
            512,
        ),
        _table(
            f"{database}.payloads",
            PAYLOADS,
            [
                "INDEX arguments_words arguments TYPE text(tokenizer = 'splitByNonAlpha')",
                "INDEX response_words response TYPE text(tokenizer = 'splitByNonAlpha')",
                "INDEX arguments_parts arguments TYPE ngrambf_v1(4, 16384, 2, 0) GRANULARITY 1",
                "INDEX arguments_pairs args TYPE bloom_filter(0.01) GRANULARITY 1",
                "INDEX by_seq outcome_seq TYPE minmax GRANULARITY 1",
            ],
            "toStartOfWeek(time, 1)",
            "(time, call_id)",
        ),
        _table(
            f"{database}.records",
            RECORDS,
            ["INDEX by_call call TYPE bloom_filter(0.01) GRANULARITY 1", "INDEX by_seq seq TYPE minmax GRANULARITY 1"],
            "toYYYYMM(time)",
            "(time, id)",
        ),
    ]


def removal(database: str) -> list[str]:
    """Return what removes a database and gives its room back.

    Not `DROP … SYNC`: chdb-core-lite 26.5 waits for ever there, and frees what was dropped at its next start only. Truncating frees at once.
    """
    return [*(f"TRUNCATE TABLE IF EXISTS {database}.{table}" for table in TABLES), f"DROP DATABASE {database}"]


def _table(name: str, columns: dict[str, str], indexes: list[str], partition: str, order: str, granule: int = 2048) -> str:
    lines = ",\n  ".join([*(f"{column} {kind}" for column, kind in columns.items()), *indexes])
    settings = f"SETTINGS index_granularity = {granule}, {_DURABLE}, {_SETTLED}, {_FRUGAL}"
    return f"CREATE TABLE IF NOT EXISTS {name} (\n  {lines})\nENGINE = MergeTree PARTITION BY {partition} ORDER BY {order}\n{settings}"
