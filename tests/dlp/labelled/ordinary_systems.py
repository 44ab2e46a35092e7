"""Ordinary results of connectors for systems: rows, metrics, logs, times, errors, maps, cloud resources, memory, pictures."""

import json
from collections.abc import Callable
from typing import Any

from tests.dlp.labelled import ordinary_words as words
from tests.dlp.labelled.draw import BASE62, HEX, Draw
from tests.dlp.labelled.values_secret import base64_of, urlsafe

ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Australia/Hobart", "America/Recife")


def sql_rows(draw: Draw) -> dict[str, Any]:
    """Rows of a table, with numbers of every length."""
    rows = [
        [draw.number(0, 10 ** draw.number(1, 12)), words.some_id(draw), words.money(draw), words.stamp(draw), draw.pick((True, None))]
        for _ in range(8)
    ]
    return {"columns": ["id", "ref", "total", "placed_at", "open"], "rows": rows, "rowCount": 8, "elapsed_ms": words.money(draw)}


def csv_rows(draw: Draw) -> str:
    """Rows of an analysis."""
    rows = [
        f"{draw.number(1, 10**7)},{draw.pick(words.CITIES)},{draw.random.random()!r},{draw.random.gauss(0, 1):.6f},{draw.number(0, 10**9)}"
        for _ in range(12)
    ]
    return "\n".join(["id,city,score,z,visits", *rows])


def metrics(draw: Draw) -> str:
    """Figures as Prometheus reads them."""
    return "\n".join(
        f'{draw.pick(words.NOUNS)}_{draw.pick(words.NOUNS)}_total{{code="{draw.pick((200, 404, 500))}",pod="{words.slug(draw)}-{draw.chars(HEX, 9)}"}} {draw.number(0, 10**10)}'
        for _ in range(8)
    )


def series(draw: Draw) -> dict[str, Any]:
    """Values over time."""
    start = draw.number(1_600_000_000, 1_790_000_000)
    return {
        "metric": words.slug(draw),
        "points": [[start + 60 * step, draw.random.random() * 10**6] for step in range(10)],
        "start_ms": start * 1000,
    }


def access_log(draw: Draw) -> str:
    """Lines of a web server."""
    lines = []
    for _ in range(6):
        host = ".".join(str(draw.number(1, 254)) for _ in range(4))
        lines.append(
            f'{host} - - [{draw.number(1, 28):02d}/May/2024:{words.clock(draw)} +0200] "GET /{words.slug(draw)}?id={words.some_id(draw)} HTTP/1.1" 200 {draw.number(1, 10**6)}'
        )
    return "\n".join(lines)


def json_log(draw: Draw) -> str:
    """Lines of a program's log, each JSON."""
    return "\n".join(
        json.dumps(
            {
                "ts": words.stamp(draw),
                "level": "info",
                "msg": words.sentence(draw),
                "request_id": words.uuid4(draw),
                "ms": draw.number(0, 9999),
            }
        )
        for _ in range(5)
    )


def time_answer(draw: Draw) -> dict[str, Any]:
    """What the time is somewhere else."""
    source, target = draw.pick(ZONES), draw.pick(ZONES)
    return {
        "source": {"timezone": source, "datetime": words.stamp(draw)},
        "target": {"timezone": target, "datetime": words.stamp(draw)},
        "time_difference": f"{draw.number(-12, 12)}.0h",
    }


def failure(draw: Draw) -> dict[str, Any]:
    """An error of a server."""
    text = draw.pick(
        (
            f"Error: {words.sentence(draw)}",
            f"HTTP {draw.number(400, 504)} for {words.url(draw)}",
            f"Invalid params: '{draw.pick(words.NOUNS)}' must be at most {draw.number(1, 10**4)}",
        )
    )
    return {
        "jsonrpc": "2.0",
        "id": draw.number(1, 10**6),
        "error": {"code": -32000 - draw.number(0, 99), "message": text, "data": {"traceId": draw.chars(HEX, 32)}},
    }


def places(draw: Draw) -> dict[str, Any]:
    """Points on a map."""
    points = [
        {"type": "Point", "coordinates": [round(draw.random.uniform(-180, 180), 7), round(draw.random.uniform(-85, 85), 7)]}
        for _ in range(5)
    ]
    return {"type": "FeatureCollection", "features": points, "osm_id": draw.number(10**6, 10**10)}


def resources(draw: Draw) -> dict[str, Any]:
    """Machines and roles in a cloud."""
    account = "4444" + draw.digits(8)
    return {
        "instances": [
            {
                "InstanceId": "i-0" + draw.chars(HEX, 16),
                "PrivateIp": f"10.{draw.number(0, 255)}.{draw.number(0, 255)}.{draw.number(1, 254)}",
                "ImageId": "ami-0" + draw.chars(HEX, 16),
            }
            for _ in range(3)
        ],
        "role": f"arn:aws:iam::{account}:role/{words.slug(draw)}",
        "subscription": f"/subscriptions/{words.uuid4(draw)}/resourceGroups/{words.slug(draw)}",
        "project": f"projects/{words.slug(draw)}-{draw.number(100000, 999999)}",
    }


def memory(draw: Draw) -> dict[str, Any]:
    """What was remembered."""
    names = [draw.pick(words.FIRST_NAMES) for _ in range(3)]
    entities = [
        {"name": name, "entityType": "person", "observations": [words.sentence(draw), f"works from {draw.pick(words.CITIES)}"]}
        for name in names
    ]
    return {"entities": entities, "relations": [{"from": names[0], "to": names[1], "relationType": "reports to"}]}


def picture(draw: Draw) -> dict[str, Any]:
    """A picture or a document in base64."""
    start, kind = draw.pick(
        (("iVBORw0KGgoAAAANSUhEUgAA", "image/png"), ("/9j/4AAQSkZJRgABAQAA", "image/jpeg"), ("JVBERi0xLjcKJeLjz9MK", "application/pdf"))
    )
    return {
        "type": "image" if kind.startswith("image") else "blob",
        "mimeType": kind,
        "data": start + base64_of(3 * draw.number(100, 900))(draw),
    }


def pages_of_a_list(draw: Draw) -> dict[str, Any]:
    """A page of a list with cursors and ids of many kinds."""
    items = [
        {"id": words.snowflake(draw), "ref": words.some_id(draw), "ulid": words.ulid(draw), "n": draw.number(0, 10 ** draw.number(1, 15))}
        for _ in range(6)
    ]
    return {"items": items, "nextCursor": urlsafe(draw.octets(30)), "prev": draw.chars(BASE62, 40), "total": draw.number(6, 10**6)}


def schema(draw: Draw) -> dict[str, Any]:
    """The definition of a tool."""
    properties = {draw.pick(words.NOUNS): {"type": draw.pick(("string", "integer")), "description": words.sentence(draw)} for _ in range(4)}
    properties["email"] = {"type": "string", "format": "email"}
    return {
        "tools": [
            {
                "name": words.slug(draw).replace("-", "_"),
                "description": words.sentence(draw),
                "inputSchema": {"type": "object", "properties": properties},
            }
        ]
    }


def queries(draw: Draw) -> str:
    """Statements of a database."""
    noun = draw.pick(words.NOUNS)
    return f"SELECT {noun}_id, sum(total) FROM {noun}s WHERE placed_at >= '{words.date(draw)}' AND id IN ({', '.join(str(draw.number(1, 10**8)) for _ in range(6))}) GROUP BY 1 LIMIT {draw.number(1, 999)};"


def weather(draw: Draw) -> dict[str, Any]:
    """The weather somewhere."""
    return {
        "city": draw.pick(words.CITIES),
        "temp_c": round(draw.random.uniform(-20, 40), 1),
        "pressure_hpa": draw.number(960, 1050),
        "observed": words.stamp(draw),
        "station": draw.number(10000, 99999),
    }


MAKERS: dict[str, Callable[[Draw], Any]] = {
    "sql rows": sql_rows, "csv rows": csv_rows, "metrics": metrics, "series": series, "access log": access_log, "json log": json_log,
    "time": time_answer, "failure": failure, "places": places, "resources": resources, "memory": memory, "picture": picture,
    "pages of a list": pages_of_a_list, "schema": schema, "queries": queries, "weather": weather,
}  # fmt: skip
