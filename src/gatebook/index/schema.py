"""The tables. Metadata and payloads are apart because scans of metadata are eight times faster without payloads beside them."""

from typing import Final

SCHEMA_VERSION: Final = 2
"""Raise it with every change here: an index of another version is built anew from the log."""

_SETTINGS: Final = (
    "SETTINGS index_granularity = 2048, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0"
)
_WORD: Final = "LowCardinality(String)"
_TEXT: Final = "String CODEC(ZSTD(1))"
_COUNT: Final = "UInt64 CODEC(T64, ZSTD(1))"
_BATCH: Final = "UInt32 CODEC(Delta(4), ZSTD(1))"
_TIME: Final = "DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1))"

CALLS: Final[dict[str, str]] = {
    "call_id": "UUID CODEC(ZSTD(1))",
    "time": _TIME,
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
    "batch": _BATCH,
}
"""The columns of `rows.CallRow`, then those that only questions use: `who` names a person whole (`people.key`), `batch` is the number of the insert."""

PAYLOADS: Final[dict[str, str]] = {
    "call_id": "UUID CODEC(ZSTD(1))",
    "time": _TIME,
    "stream": _WORD,
    "outcome_seq": "UInt64 CODEC(Delta(8), ZSTD(1))",
    "arguments": "String CODEC(ZSTD(3))",
    "response": "String CODEC(ZSTD(3))",
    "args": "Array(String) CODEC(ZSTD(3))",
    "batch": _BATCH,
}

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


COLUMNS: Final = {"calls": CALLS, "payloads": PAYLOADS, "records": RECORDS}
TABLES: Final = tuple(COLUMNS)


def statements(database: str) -> list[str]:
    """Return what creates a database and its tables."""
    return [
        f"CREATE DATABASE IF NOT EXISTS {database}",
        _table(
            f"{database}.calls",
            CALLS,
            [
                "INDEX by_id call_id TYPE bloom_filter(0.01) GRANULARITY 1",
                "INDEX by_session session TYPE bloom_filter(0.01) GRANULARITY 1",
                "INDEX by_trace trace TYPE bloom_filter(0.01) GRANULARITY 1",
                "INDEX by_seq outcome_seq TYPE minmax GRANULARITY 1",
            ],
            "toYYYYMM(time)",
            "(time, call_id)",
        ),
        _table(
            f"{database}.payloads",
            PAYLOADS,
            [
                "INDEX arguments_words arguments TYPE text(tokenizer = 'splitByNonAlpha')",
                "INDEX response_words response TYPE text(tokenizer = 'splitByNonAlpha')",
                "INDEX arguments_parts arguments TYPE ngrambf_v1(4, 65536, 3, 0) GRANULARITY 1",
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


def _table(name: str, columns: dict[str, str], indexes: list[str], partition: str, order: str) -> str:
    lines = ",\n  ".join([*(f"{column} {kind}" for column, kind in columns.items()), *indexes])
    return f"CREATE TABLE IF NOT EXISTS {name} (\n  {lines})\nENGINE = MergeTree PARTITION BY {partition} ORDER BY {order}\n{_SETTINGS}"
