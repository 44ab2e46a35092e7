"""Rows and queries that are made up: rows with everything hostile in them, and queries of every kind of condition about those rows."""

import json

from hypothesis import strategies as st

from gatebook.index import FullRow
from gatebook.query import FIELDS
from gatebook.query.paths import pairs
from gatebook.query.text import searchable
from gatebook.query.writing import quoted
from tests.index.conftest import full_row

NASTY = [
    "\\N",
    "a\tb",
    "a\nb",
    "it's",
    'say "x"',
    "100%",
    "under_score",
    "back\\slash",
    "') OR 1=1 --",
    "{p0:String}",
    "é",
    "É",
    "İ",
    "straße",
    "*",
    "x\0y",
    "\U0001f600 ok",
    "e\u0301t",
    "long" * 120,
    "a\x1fb",
    "\u2028",
]
WORDS = ["alpha", "beta", "ALPHA", "al", "alphabet", "gamma_ray", "zürich", "c:\\temp", "50%", "it's", "第七艦隊", "x1"]
NUMBERS = ["0", "-0", "7", "100", "99.5", "1e2", "1E400", "-5", "0.1", "12345678901234567890", "1e-7", "7.4341925412248", "-477.3"]


def _arguments(number: int, word: str, pick: str) -> str:
    values = {
        "q": f"{word} and {WORDS[(number * 7) % len(WORDS)]}",
        "path": pick,
        "ids": ["c_7", f"C_{number % 11}", [{"deep": pick}, number % 3 == 0, None]],
        "customer": {"name": word, "Plan": {"tier": number % 5}, "odd key": {"a.b": pick}},
        pick: number,
    }
    return f'{{"limit":{NUMBERS[number % len(NUMBERS)]},"limit":{number},"text":"{NUMBERS[number * 5 % len(NUMBERS)]}",{json.dumps(values)[1:]}'


def _row(number: int) -> FullRow:
    pick, word = NASTY[number % len(NASTY)], WORDS[number % len(WORDS)]
    arguments = _arguments(number, word, pick)
    return full_row(
        number,
        person=["ann", "Bob", "", pick][number % 4],
        email=["ann@corp.example", "BOB@corp.example", "", f"{pick}@x"][number % 4],
        name=["Ann Lee", "Bob", "", pick][number % 4],
        groups=((), ("eng",), ("eng", "Ops"), (pick,))[number % 4],
        connector=["crm", "GitHub", pick][number % 3],
        server=["", "crm.example:443", pick][number % 3],
        tool=pick if number % 5 else "",
        session=["s1", "S1", pick, ""][number % 4],
        user_agent=["", "Cursor/1.0", pick][number % 3],
        status=["ok", "blocked", "tool_error", "timeout"][number % 4],
        effect=["allowed", "blocked", "", "redacted"][number % 4],
        rules=((), ("r1",), ("r1", "r2"))[number % 3],
        http_status=[0, 200, 404, 500][number % 4],
        rpc_code=[0, -32602, 7][number % 3],
        is_error=number % 7 == 0,
        error_class=["", "policy", "timeout"][number % 3],
        detail=["", pick][number % 2],
        credential=["", "crm/header:x-key"][number % 2],
        credential_kind=["", "header", "environment"][number % 3],
        findings=((), ("email",), ("email", "iban"), (pick,))[number % 4],
        detectors=((), ("regex",), ("regex", "Luhn"), (pick,))[number % 4],
        severities=((), ("low",), ("low", "critical"), ("high",))[number % 4],
        fingerprints=((), ("f1",), ("f1", "F1"), (pick,))[number % 4],
        api_hosts=((), ("api.crm.example",), ("api.crm.example", pick))[number % 3],
        api_methods=((), ("GET",), ("get", "POST"))[number % 3],
        api_statuses=((), (200,), (200, 404), (503,))[number % 4],
        returned=number % 50,
        extra_answers=number % 3,
        response_dropped=["", "too_large"][number % 2],
        payload=["kept", "none", "dropped"][number % 3],
        duration_us=number * 1000,
        bytes_in=number * 100,
        bytes_out=2**62 + number if number % 10 == 0 else number,
        finished=0 if number % 9 == 0 else 1_793_000_000_000_000 + number * 1_000_000,
        arguments="" if number % 6 == 0 else searchable(arguments.encode()),
        args=() if number % 6 == 0 else pairs(arguments.encode()),
        response="" if number % 8 == 0 else f"{WORDS[(number * 5) % len(WORDS)].lower()}, then {pick.lower()}".replace("\0", " "),
    )


ROWS = [_row(number) for number in range(105)]

_values = st.sampled_from([*NASTY, *WORDS, "ann", "eng", "crm", "s1", "r1", "200", "email", "header", "f1"]) | st.text(max_size=6)
_numbers = st.sampled_from(["0", "1", "200", "404", "-32602", "50", "5000", "9999999", "4611686018427387904"])
_times = st.integers(0, 170).map(lambda second: f"2026-10-26T06:{(43 + (20 + second) // 60) % 60:02d}:{(20 + second) % 60:02d}Z")
_moments = _times | st.sampled_from(["2026-10-26", "2026-10", "2026-10-26T06:44", "-1h", "now", "today", "yesterday", "now-2d"])
_wild = st.lists(st.sampled_from(["a", "b", "@", "corp", "\\", "%", "_", "'", "é", "N"]), max_size=3).map("".join)
_words = st.sampled_from(
    ["alph*", "*lph*", "*", "*%*", "*pha", "a*a", "*l*b*", "b*t*", "第*隊", "*a", "gam*", "*_*", "z*ch", "long*", "lo*ng"]
)
_paths = st.sampled_from(
    ["q", "path", "ids", "limit", "limit", "text", "ids.deep", "customer.name", "CUSTOMER.plan.tier", "customer", "nope", 'customer."odd key"."a.b"']
) | st.sampled_from(NASTY).map(quoted).map(lambda name: name if name.startswith('"') else f'"{name}"')  # fmt: skip
_amounts = st.sampled_from([*(number for number in NUMBERS if number != "1E400"), "50", "0.1k", "1M", "3", "150"])


def _argument(path: str) -> st.SearchStrategy[str]:
    name = f"args.{path}"
    equal = (_values | st.sampled_from([*NUMBERS, "c_7", "C_3", "alpha and alpha", "true", "null"])).map(
        lambda value: f"{name}:{quoted(value)}"
    )
    wild = st.tuples(_wild, _wild).map(lambda ends: f"{name}:{ends[0]}*{ends[1]}")
    compared = st.tuples(st.sampled_from([">", ">=", "<", "<="]), _amounts).map(lambda pair: f"{name}:{pair[0]}{pair[1]}")
    ranged = st.tuples(_amounts, _amounts | st.just("")).map(lambda ends: f"{name}:{ends[0]}..{ends[1]}")
    listed = st.lists(_values.map(quoted) | _amounts.map(lambda amount: f">{amount}"), min_size=1, max_size=3)
    return equal | wild | compared | compared | ranged | st.just(f"{name}:*") | listed.map(lambda items: f"{name}:({', '.join(items)})")


def _condition(name: str) -> st.SearchStrategy[str]:
    field = FIELDS[name]
    if field.choices:
        return st.sampled_from([*field.choices, "*"]).map(lambda value: f"{name}:{value}")
    match field.kind:
        case "text":
            return _values.map(lambda value: f"{name}:{quoted(value)}") | _words.map(lambda word: f"{name}:{word}")
        case "word" | "id":
            wild = st.tuples(_wild, _wild).map(lambda ends: f"{name}:{ends[0]}*{ends[1]}")
            listed = st.lists(_values.map(quoted), min_size=1, max_size=3).map(lambda items: f"{name}:({','.join(items)})")
            return _values.map(lambda value: f"{name}:{quoted(value)}") | wild.filter(lambda text: '"' not in text) | listed
        case "flag":
            return st.sampled_from([f"{name}:true", f"{name}:false"])
        case "uuid":
            return st.sampled_from([row.call_id for row in ROWS[:5]]).map(lambda value: f"{name}:{value}")
    unit = "ms" if field.kind == "duration" else ""
    value = _moments if field.kind == "time" else _numbers.map(lambda number: number + unit)
    compared = st.tuples(st.sampled_from(["", ">", ">=", "<", "<=", "="]), value).map(lambda pair: f"{name}:{pair[0]}{pair[1]}")
    ranged = st.tuples(value, value).map(lambda ends: f"{name}:{ends[0]}..{ends[1]}")
    bounds = st.tuples(st.sampled_from(["since", "until"]), _moments).map(":".join)
    return compared | ranged | value.map(lambda low: f"{name}:{low}..") | st.just(f"{name}:*") | (bounds if name == "time" else compared)


_leaf = st.sampled_from(sorted(FIELDS)).flatmap(_condition) | _paths.flatmap(_argument) | _values.map(quoted) | _words
QUERIES = st.recursive(
    _leaf,
    lambda inner: (
        st.tuples(inner, st.sampled_from([" ", " AND ", " OR "]), inner).map(lambda parts: f"({parts[0]}{parts[1]}{parts[2]})")
        | st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' OR '.join(parts)})")
        | inner.map(lambda one: f"NOT {one}")
    ),
    max_leaves=7,
)
