"""The keeper of the search benchmark: the product's own, with one address more, at which a question goes to the index without HTTP's and the API's part.

    python -m bench.search_keeper --data DIR

The engine's cache of query conditions is off, because it flatters questions that are asked again and again; a cache of results there is none.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatebook import app
from gatebook.index import Index, counts, engine
from gatebook.keeper import faces
from gatebook.keeper.background import Background
from gatebook.processes.supervised import Lifeline
from gatebook.query import Query, parse, resolve
from gatebook.query.tree import And, Compare, Node
from gatebook.settings import load

FACETS: Final = ("connector", "tool", "person", "status", "client")
FACET_VALUES: Final = 20
BARE: Final = "/bench/bare"
TABLES: Final = "/bench/tables"
_SETTINGS: Final = ("SET use_query_condition_cache = 0",)


def bare(index: Index, asked: dict[str, str]) -> Callable[[], object]:
    """Return the question to the index that the API's would end in: `ask` is search, count, histogram or facets."""
    query = _query(asked)
    match asked["ask"]:
        case "search":
            return lambda: index.search(query, limit=int(asked.get("limit", "50")), before=asked.get("before"))
        case "count":
            return lambda: index.search(query, limit=1, count=True)
        case "histogram":
            since_us, step_us = int(asked["since"]), int(asked["step_s"]) * 1_000_000
            return lambda: counts.over_time(index, query, since_us - since_us % step_us, step_us)
        case "facets":
            return lambda: counts.facets(index, query, FACETS, FACET_VALUES)
        case other:
            raise ValueError(f"no such question: {other}")


def _query(asked: dict[str, str]) -> Query:
    query = resolve(parse(asked.get("q", "")), time.time_ns() // 1000)
    items: list[Node] = [query.tree]
    if "since" in asked:
        items.append(Compare("time", "ge", int(asked["since"])))
    if "until" in asked:
        items.append(Compare("time", "lt", int(asked["until"])))
    return Query(query.text, And(tuple(items)) if len(items) > 1 else query.tree)


def tables(index: Index) -> list[dict[str, Any]]:
    """Rows, bytes and parts of each table of the generation in force."""
    select = "SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts"
    sql = f"{select} WHERE active AND database = {{database:String}} GROUP BY table ORDER BY table"
    found: list[dict[str, Any]] = msgspec.json.Decoder().decode_lines(index.engine.rows(sql, {"database": index.database}))
    return [{name: value if name == "table" else int(value) for name, value in row.items()} for row in found]


def _routes(background: Background) -> list[Route]:
    async def ask_bare(request: Request) -> Response:
        assert background.index is not None
        work = bare(background.index, dict(request.query_params))

        def timed() -> float:
            began_s = time.perf_counter()
            work()
            return (time.perf_counter() - began_s) * 1000

        return Response(msgspec.json.encode({"ms": await asyncio.to_thread(timed)}))

    async def ask_tables(_request: Request) -> Response:
        index = background.index
        return Response(msgspec.json.encode(None if index is None else await asyncio.to_thread(tables, index)))

    return [Route(BARE, ask_bare), Route(TABLES, ask_tables)]


def _extend() -> None:
    """Put our addresses before the product's, and our settings into each session of the engine."""
    build, load_engine = faces.build_faces, engine._load

    def build_faces(*parts: Any) -> faces.Faces:
        built = build(*parts)
        background = next(part for part in parts if isinstance(part, Background))
        own, rest = Starlette(routes=_routes(background)), built.public

        async def public(scope: Scope, receive: Receive, send: Send) -> None:
            ours = scope["type"] == "http" and scope["path"].startswith("/bench/")
            await (own if ours else rest)(scope, receive, send)

        return replace(built, public=public)

    def load_with_settings() -> Any:
        make = load_engine()

        def session(connection: str) -> Any:
            made = make(connection)
            for statement in _SETTINGS:
                made.query(statement, "Null")
            return made

        return session

    faces.build_faces = build_faces  # type: ignore[assignment]
    engine._load = load_with_settings


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    _extend()
    return app.run_keeper(load(None, data_dir=args.data), Lifeline(None))


if __name__ == "__main__":
    sys.exit(main())
