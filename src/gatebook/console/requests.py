"""The pages about calls that wait for an approval and about requests for access: what there is, one of them, and the decision."""

from collections.abc import Awaitable
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import requests_view as view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted
from gatebook.reading.decisions import GRANT_HOURS, ApproveOrder, DecisionRefused, GrantOrder
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

_STATUSES: Final = {"missing": 404, "rights": 403, "state": 409}
_STALE: Final = "The form was out of date, and nothing was done. Try again."
_ID_CHARACTERS: Final = 36
_APPROVAL_HOURS: Final = 8
_ENDED_MAX: Final = 50


class RequestPages:
    """Handlers of `/requests`, `/approvals/{id}` and `/access/{id}`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._requests = deps.requests
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """All that the viewer may decide or has asked for, newest first."""
        now_us = self._deps.room.clock.wall_us()
        waiting = await self._requests.waiting(viewer)
        access = await self._requests.requests(viewer)
        decided = await self._requests.decided(viewer)
        names = await self._requests.names([*(one.request.person for one in access), *(one.person for one in decided)])
        cards = [(one, view.access_card(one, names, now_us)) for one in access]
        ended = [(one.request.decided_us or 0, card) for one, card in cards if one.over or one.request.state not in ("open", "granted")]
        ended += [(one.decided_us, view.decided_card(one, names, now_us)) for one in decided]
        return self._pages.page(
            "requests.html",
            self._shown(request, viewer),
            waiting=[view.waiting_card(one, now_us) for one in waiting],
            asked=[card for one, card in cards if one.request.state == "open"],
            granted=[card for one, card in cards if one.request.state == "granted" and not one.over],
            ended=[card for _, card in sorted(ended, key=lambda one: -one[0])][:_ENDED_MAX],
        )

    async def approval(self, request: Request, viewer: Viewer) -> Response:
        """One call that waits or waited."""
        return await self._approval(request, viewer)

    async def decide(self, request: Request, viewer: Viewer) -> Response:
        """Approve or decline it."""
        fields = await posted(request, self._deps)
        if fields is None:
            return await self._approval(request, viewer, 403, _STALE)
        id, reason = _id_of(request), fields.get("reason", "")
        made: Awaitable[object]
        try:
            match fields.get("do"):
                case "once":
                    made = self._requests.approve(viewer, id, ApproveOrder(reason=reason))
                case "time":
                    order = ApproveOrder(single_use=False, hours=_hours(fields), reason=reason)
                    made = self._requests.approve(viewer, id, order)
                case "decline":
                    made = self._requests.decline(viewer, id, reason)
                case _:
                    return await self._approval(request, viewer, 400, "Choose one of the buttons.")
            await made
        except DecisionRefused as refused:
            return await self._approval(request, viewer, _STATUSES[refused.kind], as_sentence(refused))
        return RedirectResponse(f"/approvals/{id}", 303)

    async def access(self, request: Request, viewer: Viewer) -> Response:
        """One refused call, and the request about it."""
        return await self._access(request, viewer)

    async def act(self, request: Request, viewer: Viewer) -> Response:
        """Ask, grant, decline, withdraw or revoke."""
        fields = await posted(request, self._deps)
        if fields is None:
            return await self._access(request, viewer, 403, _STALE)
        id, does, reason = _id_of(request), fields.get("do", ""), fields.get("reason", "")
        try:
            if does == "ask":
                await self._requests.ask_access(viewer, id, reason)
            else:
                await self._change(viewer, fields.get("request", ""), does, fields)
        except DecisionRefused as refused:
            return await self._access(request, viewer, _STATUSES[refused.kind], as_sentence(refused))
        return RedirectResponse(f"/access/{id}", 303)

    async def _change(self, viewer: Viewer, request: str, does: str, fields: dict[str, str]) -> None:
        reason = fields.get("reason", "")
        match does:
            case "grant":
                await self._requests.grant(viewer, request, GrantOrder(hours=_hours(fields), reason=reason))
            case "declined" | "withdrawn" | "revoked":
                await self._requests.close(viewer, request, does, reason)
            case _:
                raise DecisionRefused("state", "choose one of the buttons")

    async def _approval(self, request: Request, viewer: Viewer, status: int = 200, error: str = "") -> Response:
        shown = self._shown(request, viewer)
        try:
            one = await self._requests.call(viewer, _id_of(request))
        except DecisionRefused as refused:
            return self._missing(shown, refused)
        hours_max = await self._requests.hours_max()
        return self._pages.page(
            "approval.html",
            shown,
            status,
            error=error,
            one=one,
            sentence=view.sentence(one.call),
            look=view.look_of_call(one, self._deps.room.clock.wall_us()),
            facts=view.call_facts(one.call, one.approvers),
            decision=view.decision_facts(one.decision) if one.decision else [],
            arguments=view.payload(one.call),
            durations=view.durations(hours_max, _APPROVAL_HOURS),
        )

    async def _access(self, request: Request, viewer: Viewer, status: int = 200, error: str = "") -> Response:
        shown = self._shown(request, viewer)
        try:
            denied = await self._requests.denied(viewer, _id_of(request))
        except DecisionRefused as refused:
            return self._missing(shown, refused)
        hours_max = await self._requests.hours_max()
        return self._pages.page(
            "access.html",
            shown,
            status,
            error=error,
            one=denied,
            access=denied.access,
            sentence=view.sentence(denied.call),
            state=view.access_sentence(denied),
            look=view.look_of_access(denied.access),
            facts=view.request_facts(denied.access.request) if denied.access else view.call_facts(denied.call, ()),
            arguments=view.payload(denied.call),
            durations=view.durations(hours_max, GRANT_HOURS),
        )

    def _missing(self, shown: Shown, refused: DecisionRefused) -> Response:
        back = {"back": "/requests", "back_text": "Go to the requests"}
        return self._pages.page("problem.html", shown, 404, title="Nothing to decide here", text=str(refused), **back)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Requests")


def _id_of(request: Request) -> str:
    id = str(request.path_params["id"]).lower()
    return id if len(id) == _ID_CHARACTERS else ""


def _hours(fields: dict[str, str]) -> int:
    text = fields.get("hours", "")
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 4 and int(text)):
        raise DecisionRefused("state", "choose for how long")
    return int(text)
