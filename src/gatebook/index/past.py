"""Past calls as policy asks about them: groups of calls that are alike in who asked for what, and single calls with their arguments."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from gatebook.index.engine import Value
from gatebook.index.index import Index
from gatebook.index.sql import moment_sql

_BUDGET_S = 120.0
_WHO = "person, email, groups, actor_kind, client, connector, tool"
_ASKED = "method = 'tools/call' AND tool != '' AND connector != ''"


class Alike(Struct, frozen=True, kw_only=True):
    """Calls of tools that have all of this in common. `count`: how many; `call`: the id of one of them."""

    person: str
    email: str
    groups: tuple[str, ...]
    actor_kind: str
    client: str
    connector: str
    tool: str
    count: int = 1
    call: str = ""


class Single(Struct, frozen=True, kw_only=True):
    """One call. `arguments` is JSON text, empty where it is no longer there; `time` in microseconds since 1970."""

    who: Alike
    time: int
    ip: str
    arguments: str


def alike(index: Index, since_us: int, until_us: int) -> list[Alike]:
    """Return all calls of tools that began in `[since_us, until_us)`, in groups. Raises EngineError, QueryTooHeavy."""
    sql = (
        f"SELECT {_WHO}, toUInt64(count()) AS count, toString(any(call_id)) AS call FROM {index.database}.calls"
        f" WHERE {_ASKED} AND {_range()} GROUP BY {_WHO}"
    )
    return [_alike(row) for row in index.ask(sql, _bounds(since_us, until_us), _BUDGET_S)]


def singles(index: Index, tools: Sequence[tuple[str, str]], since_us: int, until_us: int) -> Iterator[Single]:
    """Yield the calls of these tools, (connector, tool), with their arguments, newest day last. Raises EngineError, QueryTooHeavy."""
    params: dict[str, Value] = {**_bounds(since_us, until_us), "tools": [f"{connector}/{tool}" for connector, tool in tools]}
    sql = (
        f"SELECT {_WHO}, toString(call_id) AS call, toUnixTimestamp64Micro(time) AS at, ip, arguments FROM {index.database}.payloads"
        f" WHERE {_ASKED} AND {_range()} AND has({{tools:Array(String)}}, concat(connector, '/', tool))"
    )
    for row in index.ask(sql, params, _BUDGET_S):
        yield Single(who=_alike(row), time=int(row["at"]), ip=row["ip"], arguments=row["arguments"])


def _range() -> str:
    return f"time >= {moment_sql('{since:Int64}')} AND time < {moment_sql('{until:Int64}')}"


def _bounds(since_us: int, until_us: int) -> dict[str, Value]:
    return {"since": since_us, "until": until_us}


def _alike(row: dict[str, Any]) -> Alike:
    return Alike(
        person=row["person"],
        email=row["email"],
        groups=tuple(row["groups"]),
        actor_kind=row["actor_kind"],
        client=row["client"],
        connector=row["connector"],
        tool=row["tool"],
        count=int(row.get("count", 1)),
        call=row["call"],
    )
