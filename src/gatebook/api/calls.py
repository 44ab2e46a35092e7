"""Calls: search, one call, its proof."""

import base64
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatebook.api import params
from gatebook.api.caller import identify
from gatebook.api.deps import ApiDeps
from gatebook.api.problems import HEADERS, Problem
from gatebook.reading.detail import CallDetail, StoredRecord


class Calls:
    """Handlers of `/v1/calls`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    async def search(self, request: Request) -> Response:
        """Calls that match, newest first."""
        viewer = await identify(request, self._deps)
        room = self._deps.room
        asked = params.question(request.query_params)
        limit = params.limit(request.query_params)
        page = await room.rows(
            room.query(viewer, asked), params.cursor(request.query_params), limit, count=request.query_params.get("count") == "1"
        )
        await room.note(viewer, "search", asked.words(), rows=len(page.rows))
        link = None
        if page.next:
            kept = {name: value for name, value in request.query_params.items() if name in ("q", "since", "until", "limit")}
            link = f"/api/v1/calls?{urlencode({**kept, 'cursor': page.next})}"
        body = {"calls": page.rows, "next_cursor": page.next, "next": link, "total": page.total, "snapshot": page.snapshot}
        return answer(body, link)

    async def show(self, request: Request) -> Response:
        """One call: row, records, arguments, response, messages."""
        viewer = await identify(request, self._deps)
        detail = await self._deps.room.show(viewer, params.call_id(request.path_params["id"]))
        if detail is None:
            raise Problem(404, "No such call", "There is no call with this id.")
        return answer(_shown(detail))

    async def prove(self, request: Request) -> Response:
        """The inclusion proofs of a call's records, and what checking them gave."""
        viewer = await identify(request, self._deps)
        row = await self._deps.room.find(viewer, params.call_id(request.path_params["id"]))
        if row is None:
            raise Problem(404, "No such call", "There is no call with this id.")
        proved = await self._deps.room.prove(viewer, row)
        return answer({"call_id": row.call_id, "verified": all(not item.problem for item in proved), "records": proved})


def answer(body: Any, next_link: str | None = None) -> Response:
    """A JSON answer that nobody may store."""
    headers = dict(HEADERS)
    if next_link:
        headers["link"] = f'<{next_link}>; rel="next"'
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def _shown(detail: CallDetail) -> dict[str, Any]:
    return {
        "call": detail.row,
        "records": [_record(record) for record in detail.records],
        "arguments": _part(*detail.part("arguments")),
        "response": _part(*detail.part("response")),
        "identity": _part(*detail.part("identity")),
        "messages": [{**_record(record), "message": _part(record.parts.get("message"), record.lost)} for record in detail.messages],
    }


def _record(record: StoredRecord) -> dict[str, Any]:
    # The core goes out as stored: its bytes are what the leaf hash is of.
    return {"core": msgspec.Raw(record.core), "leaf_hash": record.leaf}


def _part(data: bytes | None, lost: str | None) -> dict[str, Any] | None:
    """A payload: `json` when it is JSON, else `text` or `base64`; `missing` says why it cannot be read."""
    if data is None:
        return {"missing": lost} if lost else None
    try:
        msgspec.json.decode(data)
        return {"json": msgspec.Raw(data), "size": len(data)}
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return {"text": data.decode(), "size": len(data)}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode(), "size": len(data)}
