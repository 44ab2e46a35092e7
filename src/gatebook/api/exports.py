"""Exports: begin one, see how far it is, fetch the file, also in pieces, delete it."""

from typing import Annotated

from msgspec import Meta, Struct
from starlette.responses import FileResponse

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation, Reply
from gatebook.api.problems import HEADERS, Problem
from gatebook.query.parser import LENGTH_MAX
from gatebook.reading.exports import Download, Estimate, ExportRefused
from gatebook.reading.exports_forms import FORMS, FormName
from gatebook.reading.exports_store import Export
from gatebook.reading.room import Question

_LATEST_US = 4_102_444_800_000_000
_Moment = Annotated[int, Meta(ge=0, le=_LATEST_US)]
_STATUSES = {"limit": (409, "Not now"), "space": (507, "The disk is full"), "unfinished": (409, "Not finished"), "gone": (410, "Gone")}
_REFUSED = {
    409: "It would go over a limit; the detail says which.",
    503: "The index does not answer, or the log cannot be written.",
    507: "The disk has too little room.",
}


class ExportOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to export. Its file is made of the calls that match when the order arrives, whatever comes later."""

    q: Annotated[
        str,
        Meta(
            max_length=LENGTH_MAX,
            description="What to export, in the search language; empty: everything.",
            extra_json_schema={"format": "gatebook-query"},
        ),
    ] = ""
    since: Annotated[_Moment | None, Meta(description="Only calls from then on, microseconds since 1970.")] = None
    until: Annotated[_Moment | None, Meta(description="Only calls before then, microseconds since 1970.")] = None
    form: Annotated[FormName, Meta(description="csv, ndjson, parquet or ocsf.")] = "csv"
    payloads: Annotated[bool, Meta(description="Also arguments and responses, read from the log.")] = False


class ExportAnswer(Struct, frozen=True, kw_only=True):
    """One export. `file_path` is where its file can be fetched once `state` is done."""

    export: Export
    path: str
    file_path: str | None


class ExportsAnswer(Struct, frozen=True, kw_only=True):
    """The caller's own exports, newest first."""

    exports: list[ExportAnswer]


class Exports:
    """Operations of `/v1/exports`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._exports = deps.exports

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (*self._of_all(), *self._of_one())

    def _of_all(self) -> tuple[Operation, ...]:
        form = params.choice("form", "Form of the file.", FORMS, "csv")
        payloads = params.flag("payloads", "Also arguments and responses, read from the log.")
        return (
            Operation(
                name="startExport",
                method="POST",
                path="/v1/exports",
                group="exports",
                handle=self.start,
                summary="Begin an export. It is on the record before a row is written.",
                body=ExportOrder,
                answer=ExportAnswer,
                status=202,
                problems=_REFUSED,
            ),
            Operation(
                name="listExports",
                method="GET",
                path="/v1/exports",
                group="exports",
                handle=self.list,
                summary="The caller's own exports, newest first.",
                answer=ExportsAnswer,
            ),
            Operation(
                name="estimateExport",
                method="GET",
                path="/v1/exports/estimate",
                group="exports",
                handle=self.estimate,
                summary="How many calls an export would hold, and about how large its file would be.",
                parameters=(*params.QUESTION, form, payloads),
                answer=Estimate,
            ),
        )

    def _of_one(self) -> tuple[Operation, ...]:
        id = params.in_path("id", "Id of the export.", "[0-9a-f]{16}", "There is no export with this id.")
        return (
            Operation(
                name="showExport",
                method="GET",
                path="/v1/exports/{id}",
                group="exports",
                handle=self.show,
                summary="One export: its state and how far it is.",
                parameters=(id,),
                answer=ExportAnswer,
                problems=NOT_FOUND,
            ),
            Operation(
                name="downloadExport",
                method="GET",
                path="/v1/exports/{id}/file",
                group="exports",
                handle=self.download,
                summary="The file. A download that broke off goes on with Range and If-Range; each is on the record.",
                description="The ETag is the SHA-256 of the whole file.",
                parameters=(id,),
                media_type="text/csv",
                further_media_types=("application/x-ndjson", "application/vnd.apache.parquet"),
                problems={**NOT_FOUND, 409: "It is not finished.", 410: "The file is gone.", 416: "The range is behind the end."},
            ),
            Operation(
                name="deleteExport",
                method="DELETE",
                path="/v1/exports/{id}",
                group="exports",
                handle=self.delete,
                summary="Cancel an export that is not finished; delete one that is.",
                parameters=(id,),
                status=204,
                problems=NOT_FOUND,
            ),
        )

    async def start(self, ask: Ask) -> Reply:
        """A new export."""
        order: ExportOrder = ask.body
        question = Question(text=order.q, since_us=order.since, until_us=order.until)
        try:
            export = await self._exports.start(ask.viewer, question, order.form, payloads=order.payloads)
        except ExportRefused as refused:
            raise refusal(refused) from None
        body = answer(export)
        return Reply(body=body, headers={"location": body.path})

    async def list(self, ask: Ask) -> ExportsAnswer:
        """All of the caller's."""
        return ExportsAnswer(exports=[answer(export) for export in self._exports.list(ask.viewer)])

    async def estimate(self, ask: Ask) -> Estimate:
        """What it would be."""
        question = params.question(ask.values)
        return await self._exports.estimate(ask.viewer, question, ask.values["form"], payloads=ask.values["payloads"])

    async def show(self, ask: Ask) -> ExportAnswer:
        """One of the caller's."""
        export = self._exports.get(ask.viewer, ask.values["id"])
        if export is None:
            raise _no_export()
        return answer(export)

    async def download(self, ask: Ask) -> FileResponse:
        """Its file, or a part of it."""
        try:
            found = await self._exports.open(ask.viewer, ask.values["id"])
        except ExportRefused as refused:
            raise refusal(refused) from None
        if found is None:
            raise _no_export()
        return file_response(found)

    async def delete(self, ask: Ask) -> Reply:
        """Away with it."""
        if not self._exports.delete(ask.viewer, ask.values["id"]):
            raise _no_export()
        return Reply(body=ExportsAnswer(exports=[]))


def answer(export: Export) -> ExportAnswer:
    """An export with its addresses."""
    path = f"/api/v1/exports/{export.id}"
    return ExportAnswer(export=export, path=path, file_path=f"{path}/file" if export.state == "done" else None)


def file_response(download: Download) -> FileResponse:
    """The response that serves a file, also in ranges."""
    export = download.export
    headers = {**HEADERS, **download.headers, "content-security-policy": "sandbox; default-src 'none'"}
    return FileResponse(download.path, headers=headers, media_type=FORMS[export.form].media_type, filename=export.file)


def refusal(refused: ExportRefused) -> Problem:
    """The problem of an export that may not begin, or has no file."""
    status, title = _STATUSES[refused.kind]
    return Problem(status, title, str(refused))


def _no_export() -> Problem:
    return Problem(404, "No such export", "There is no export with this id.")
