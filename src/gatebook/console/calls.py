"""The page of one call, the same in the drawer; what happened around it; its proof."""

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import call_view, context_view
from gatebook.console.call_view import CallView, ProofView
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of, wanted
from gatebook.index import EngineError, QueryTooHeavy
from gatebook.index.rows import CallRow
from gatebook.reading.context import context
from gatebook.reading.proving import ProvedRecord
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

_ID_CHARACTERS = 36


class CallPages:
    """Handler of `/calls/{id}`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The call. `verify=1` runs the proof, `context=1` adds the calls around it; a call of somebody else looks like none."""
        shown = Shown(request=request, viewer=viewer)
        id = request.path_params["id"].lower()
        params = params_of(request)
        if wanted(request, "context"):
            row = await self._deps.room.find(viewer, id) if len(id) == _ID_CHARACTERS else None
            return self._missing(shown) if row is None else await self._around(shown, viewer, row)
        detail = await self._deps.room.show(viewer, id) if len(id) == _ID_CHARACTERS else None
        if detail is None:
            return self._missing(shown)
        view = call_view.view(detail)
        if params.get("verify") == "1" and "evidence" not in view.hidden:
            proved = await self._deps.room.prove(viewer, id)
            view.proof = proof_view(proved) if proved else None
            if wanted(request, "proof"):
                return self._pages.fragment("proof.html", "proof", shown, call=view)
        if params.get("context") == "1":
            view.context = context_view.view(detail.row, await context(self._deps.room, viewer, detail.row))
        if wanted(request, "call"):
            return self._drawer(shown, view)
        return self._pages.page("call.html", shown, call=view)

    async def _around(self, shown: Shown, viewer: Viewer, row: CallRow) -> Response:
        """What happened around the call, alone; a failure is a sentence in its place, so that the rest of the page stays."""
        try:
            found, error = context_view.view(row, await context(self._deps.room, viewer, row)), ""
        except (QueryTooHeavy, TooSlow, EngineError):
            found, error = None, "The calls around this one cannot be shown now: the search index does not answer in time."
        return self._pages.fragment("call_context.html", "context", shown, id=row.call_id, context=found, error=error)

    def _missing(self, shown: Shown) -> Response:
        text = "There is no call with this id, or it is not one that you may see."
        return self._pages.page("problem.html", shown, 404, title="No such call", text=text)

    def _drawer(self, shown: Shown, view: CallView) -> Response:
        return self._pages.fragment("call_body.html", "call", shown, call=view, drawer=True)


def proof_view(proved: list[ProvedRecord]) -> ProofView:
    """What the proof says, in sentences."""
    bad = next((item for item in proved if item.problem), None)
    if bad is not None and bad.waiting:
        return ProofView(
            kind="wait", icon="clock", title="Not sealed yet", lines=[f"{as_sentence(bad.problem)} Verify again in a moment."], hashes=[]
        )
    if bad is not None:
        place = f"Record {bad.seq} of stream {bad.stream}: {bad.problem}."
        return ProofView(
            kind="poor",
            icon="failed",
            title="The proof fails",
            lines=[place, "Run gatebook verify to find the first bad place."],
            hashes=[],
        )
    leaves = " and ".join(f"{item.proof.leaf:,}" for item in proved if item.proof)
    last = proved[-1]
    records = "Both records are" if len(proved) > 1 else "The record is"
    return ProofView(
        kind="good",
        icon="shield",
        title="Verified",
        lines=[
            f"{records} in the tree of {last.tree_size:,} records, at leaf {leaves}.",
            f"The checkpoint was signed at {last.sealed_at} by {last.origin}; its signature holds.",
        ],
        hashes=[f"root {last.tree_root}"],
    )
