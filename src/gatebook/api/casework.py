"""Casework: what happened around a call, what happened and how far it reached, and what changes from week to week."""

import re

import msgspec
from starlette.responses import Response

from gatebook.api import params
from gatebook.api.calls import no_call
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.api.problems import HEADERS
from gatebook.reading import report
from gatebook.reading.context import CALLS, CALLS_MAX, Context, context
from gatebook.reading.investigation import Investigation, investigate
from gatebook.reading.report import About
from gatebook.reading.trends import Trends, trends


class Casework:
    """Operations of `/v1/investigation`, `/v1/trends` and the context of a call."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room = deps.room
        self._deployment = deps.deployment
        self._console_url = deps.console_url

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="showContext",
                method="GET",
                path="/v1/calls/{id}/context",
                group="calls",
                handle=self.context,
                summary="The calls before and after one: of the same session, else of the same person and app.",
                parameters=(params.call_id(), params.integer("n", "At most so many on either side.", 1, CALLS_MAX, CALLS)),
                answer=Context,
                problems=NOT_FOUND,
            ),
            Operation(
                name="investigate",
                method="GET",
                path="/v1/investigation",
                group="casework",
                handle=self.investigate,
                summary="What happened, and how far: who, what, when, where to, for the calls of a query. Each number carries its query.",
                parameters=params.QUESTION,
                answer=Investigation,
            ),
            Operation(
                name="downloadReport",
                method="GET",
                path="/v1/investigation/report.html",
                group="casework",
                handle=self.report,
                summary="The same as a file of HTML with its charts, that holds and prints by itself; on the record as an export.",
                parameters=params.QUESTION,
                media_type="text/html",
            ),
            Operation(
                name="downloadNumbers",
                method="GET",
                path="/v1/investigation/report.json",
                group="casework",
                handle=self.numbers,
                summary="The same as a file of JSON; on the record as an export.",
                parameters=params.QUESTION,
                answer=Investigation,
            ),
            Operation(
                name="showTrends",
                method="GET",
                path="/v1/trends",
                group="casework",
                handle=self.trends,
                summary="Violations, findings, what rises from week to week, latency, errors and clients over time; the last seven days by default.",
                parameters=params.QUESTION,
                answer=Trends,
            ),
        )

    async def context(self, ask: Ask) -> Context:
        """The calls around one."""
        row = await self._room.find(ask.viewer, ask.values["id"])
        if row is None:
            raise no_call()
        return await context(self._room, ask.viewer, row, ask.values["n"])

    async def investigate(self, ask: Ask) -> Investigation:
        """All numbers of an investigation."""
        asked = params.question(ask.values)
        found = await investigate(self._room, ask.viewer, asked)
        await self._room.note(ask.viewer, "search", asked.words(), rows=found.total.count)
        return found

    async def report(self, ask: Ask) -> Response:
        """The investigation as a page of its own."""
        found = await self._exported(ask)
        reader = ask.viewer.name or "the administrator on the host"
        about = About(deployment=self._deployment, reader=reader, made_us=self._room.clock.wall_us(), base=self._console_url)
        return _file(report.document(found, about).encode(), found, "html", "text/html; charset=utf-8")

    async def numbers(self, ask: Ask) -> Response:
        """The investigation as JSON, laid out."""
        found = await self._exported(ask)
        return _file(msgspec.json.format(msgspec.json.encode(found), indent=2), found, "json", "application/json")

    async def _exported(self, ask: Ask) -> Investigation:
        asked = params.question(ask.values)
        found = await investigate(self._room, ask.viewer, asked)
        await self._room.note(ask.viewer, "export", asked.words(), rows=found.total.count)
        return found

    async def trends(self, ask: Ask) -> Trends:
        """All numbers of the trends."""
        asked = params.question(ask.values)
        found = await trends(self._room, ask.viewer, asked)
        await self._room.note(ask.viewer, "search", asked.words(), rows=found.total.count)
        return found


def _file(data: bytes, found: Investigation, form: str, media_type: str) -> Response:
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{found.start.field} {found.start.label}")[:60].strip("-")
    headers = {**HEADERS, "content-disposition": f'attachment; filename="gatebook-investigation-{name or "all"}.{form}"'}
    return Response(data, media_type=media_type, headers=headers)
