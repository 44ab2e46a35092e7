"""The editor of what is governed: written as YAML, checked while one types, tried on past calls, then put in force or proposed."""

from typing import Any, Final

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console.changes_view import (
    DAYS,
    REPLAYED,
    SCANNING,
    STATUSES,
    CheckView,
    ReplayView,
    check_view,
    page_of,
    replay_view,
    seen_versions,
)
from gatebook.console.deps import ConsoleDeps
from gatebook.console.drafting import EXAMPLES, TEXT_BYTES_MAX, Draft, kind_of, read_draft, without_document
from gatebook.console.pages import Pages, Shown, params_of, wanted
from gatebook.console.posting import posted
from gatebook.console.readers import Handler, Readers, check_administers
from gatebook.console.rules import governance_of
from gatebook.console.zones import zone_of
from gatebook.reading.replays import TooManyReplays
from gatebook.reading.rights import NotForYou
from gatebook.reading.room import Question
from gatebook.reading.rule_facts import ChangeRefused, Made
from gatebook.reading.tool_activity import DAY_US
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.documents import DocumentError

_STALE: Final = "This form is out of date or too large, and nothing was changed. Look again."
_CALLS: Final = "method:tools/call"


_PAGE_OF = {**dict.fromkeys(SCANNING, "Guardrails"), "Role": "Roles", "AiClients": "AI clients"}


class Editor:
    """Handlers of `/changes/new`, `/changes/check`, `/changes/replays` and of the form that makes a change."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form."""
        readers = Readers(self._pages, "Policies")
        return [
            ("GET", "/changes/new", readers(self._open)),
            ("POST", "/changes/new", readers(self._fill)),
            ("POST", "/changes/check", readers(self._check)),
            ("POST", "/changes/replays", readers(self._try)),
            ("GET", "/changes/replays/{id}", readers(self._replay)),
            ("POST", "/changes", readers(self._make)),
        ]

    async def _open(self, request: Request, viewer: Viewer) -> Response:
        """The editor with one resource: a new one, one as it is, one of its versions, or one that shall go."""
        check_administers(viewer, "change what is governed")
        params = params_of(request)
        draft = Draft(kind=kind_of(params.get("kind", "")), name=params.get("name", ""), reason=params.get("reason", ""))
        if not draft.name:
            return await self._page(request, viewer, replace(draft, text=EXAMPLES.get(draft.kind, "")))
        found = await self._deps.rules.resource(viewer, draft.kind, draft.name)
        if found is None and (text := without_document(draft.kind, draft.name)):
            return await self._page(request, viewer, replace(draft, text=text))
        version = params.get("version", "")
        past = next((one for one in found.versions if str(one.version) == version and not one.deleted), None) if found else None
        if found is None or (version and past is None) or not (found.yaml or past):
            text = "There is no such version of it." if found else f"There is no {draft.kind} of this name."
            more = {"back": page_of(draft.kind, draft.name, deleted=True), "back_text": "Go back"}
            return self._pages.page("problem.html", self._shown(request, viewer, draft), 404, title="Nothing to edit", text=text, **more)
        draft = replace(draft, bases={f"{draft.kind}/{draft.name}": found.version})
        if params.get("delete"):
            return await self._page(request, viewer, replace(draft, deleted=f"{draft.kind}/{draft.name}"))
        return await self._page(request, viewer, replace(draft, text=past.yaml if past else found.yaml))

    async def _fill(self, request: Request, viewer: Viewer) -> Response:
        """The editor with a draft that another page made."""
        draft = await self._draft(request, viewer)
        if draft is None:
            return self._stale(request, viewer)
        found = await self._deps.rules.check(viewer, replace(draft.edit, bases={}))
        if found.changes and not draft.name:
            first = found.changes[0]
            draft = replace(draft, kind=kind_of(first.kind), name="" if first.action == "created" else first.name)
        return await self._page(request, viewer, draft)

    async def _check(self, request: Request, viewer: Viewer) -> Response:
        """What would come of a draft: as a fragment while somebody types, else as the page."""
        draft = await self._draft(request, viewer)
        if draft is None:
            return self._stale(request, viewer)
        if not wanted(request, "check"):
            return await self._page(request, viewer, draft)
        check, draft = await self._checked(viewer, draft)
        return self._pages.fragment("editor_check.html", "check", self._shown(request, viewer, draft), check=check, draft=draft)

    async def _try(self, request: Request, viewer: Viewer) -> Response:
        """Begin to replay past calls with a draft."""
        draft = await self._draft(request, viewer)
        if draft is None:
            return self._stale(request, viewer)
        now_us, error = self._deps.room.clock.wall_us(), ""
        question = Question(text=_CALLS, since_us=now_us - draft.days * DAY_US, until_us=now_us)
        try:
            drafted = await self._deps.replays.draft(draft.text, draft.deletions)
            begun = await self._deps.replays.start(viewer, drafted, question)
            draft = replace(draft, replay=begun.id, of=draft.digest)
        except DocumentError:
            error = "The draft has to be valid before it can be tried."
        except (TooManyReplays, NotForYou) as refused:
            error = as_sentence(refused)
        if draft.alone and not error and not wanted(request, "replay"):
            return RedirectResponse(f"/changes/replays/{draft.replay}?of={draft.of}", 303)
        if not wanted(request, "replay"):
            return await self._page(request, viewer, draft, 200 if not error else 409, error)
        shown = self._shown(request, viewer, draft)
        return self._pages.fragment("replay.html", "replay", shown, replay=self._replay_of(request, viewer, draft), error=error)

    async def _replay(self, request: Request, viewer: Viewer) -> Response:
        """A replay as it stands: as a fragment, or as a page of its own."""
        check_administers(viewer, "try drafts on past calls")
        draft = Draft(replay=request.path_params["id"], of=params_of(request).get("of", ""))
        view, shown = self._replay_of(request, viewer, draft), self._shown(request, viewer, draft)
        if view is None:
            text = "There is no such replay any more; a few are kept, until the keeper ends."
            return self._pages.page(
                "problem.html", shown, 404, title="No such replay", text=text, back="/changes", back_text="Go to changes"
            )
        if wanted(request, "replay"):
            return self._pages.fragment("replay.html", "replay", shown, replay=view, error="")
        return self._pages.page("replay_page.html", shown, replay=view, error="")

    async def _make(self, request: Request, viewer: Viewer) -> Response:
        """Put a draft in force, or propose it."""
        draft = await self._draft(request, viewer)
        if draft is None:
            return self._stale(request, viewer)
        if not draft.reason:
            return await self._page(request, viewer, draft, 400, "Say why: the reason stands in the record.")
        try:
            made = await self._deps.rules.change(viewer, draft.edit)
        except DocumentError:
            return await self._page(request, viewer, draft, 400, "Nothing was changed, because the draft is not valid.")
        except ChangeRefused as refused:
            text = f"{as_sentence(refused)} Nothing was changed."
            return await self._page(request, viewer, draft, STATUSES[refused.kind], text)
        if not made.proposal and not any(change.action != "unchanged" for change in made.changes):
            return await self._page(request, viewer, draft, 409, "Nothing is different from what is in force, so nothing was changed.")
        return RedirectResponse(_after(made), 303)

    async def _draft(self, request: Request, viewer: Viewer) -> Draft | None:
        check_administers(viewer, "change what is governed")
        fields = await posted(request, self._deps, TEXT_BYTES_MAX)
        return None if fields is None else read_draft(fields)

    async def _page(self, request: Request, viewer: Viewer, draft: Draft, status: int = 200, error: str = "") -> Response:
        check, draft = await self._checked(viewer, draft)
        kinds = {draft.kind} | {change.title.partition(" ")[0] for change in check.changes}
        values: dict[str, Any] = {
            "draft": draft,
            "check": check,
            "later": (await governance_of(self._deps, viewer)).second_approver,
            "replay": self._replay_of(request, viewer, draft),
            "days": DAYS,
            "tries_calls": bool(kinds & REPLAYED),
            "tries_payloads": bool(kinds & SCANNING),
            "back": page_of(draft.kind, draft.name, deleted=not draft.name),
            "error": error,
        }
        return self._pages.page("editor.html", self._shown(request, viewer, draft), status, **values)

    async def _checked(self, viewer: Viewer, draft: Draft) -> tuple[CheckView, Draft]:
        """What a draft comes to against what is in force now, and the draft with the versions that it is to be compared with."""
        found = await self._deps.rules.check(viewer, replace(draft.edit, bases={}))
        return check_view(found, draft.bases), replace(draft, bases={**seen_versions(found), **draft.bases})

    def _replay_of(self, request: Request, viewer: Viewer, draft: Draft) -> ReplayView | None:
        found = self._deps.replays.find(viewer, draft.replay) if draft.replay else None
        return None if found is None else replay_view(found, draft.of, zone_of(request))

    def _stale(self, request: Request, viewer: Viewer) -> Response:
        shown = Shown(request=request, viewer=viewer, page_name="Policies")
        return self._pages.page(
            "problem.html", shown, 400, title="Nothing was changed", text=_STALE, back="/changes", back_text="Go to changes"
        )

    def _shown(self, request: Request, viewer: Viewer, draft: Draft) -> Shown:
        return Shown(request=request, viewer=viewer, page_name=_PAGE_OF.get(draft.kind, "Policies"))


def _after(made: Made) -> str:
    if made.proposal:
        return f"/changes/{made.proposal}"
    done = next(change for change in made.changes if change.action != "unchanged")
    return page_of(done.kind, done.name, deleted=done.action == "deleted")
