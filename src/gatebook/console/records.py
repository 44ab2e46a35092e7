"""The records page: what people and processes did to Gatebook itself."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import times
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.times import PRESETS, Range, RangeError, read_range
from gatebook.definitions.characters import visible
from gatebook.index import CursorError, EngineError, RecordRow
from gatebook.reading.records import KINDS, RecordPage, RecordQuestion, find, note_reading
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer

_WORDS = {
    "": "All",
    "sign-ins": "Sign-ins",
    "changes": "Changes",
    "reads": "Reads of the book",
    "processes": "Processes",
    "log": "The log itself",
}
_ALARMING = frozenset({"auth.failed", "auth.sign_in_failed", "access.self_granted", "log.unavailable", "log.tail_cut", "clock.stepped"})
_CLIENT_WORDS = {
    "registered": "registered itself",
    "read": "is described by its document",
    "added": "was added",
    "disabled": "was disabled",
    "enabled": "was enabled",
    "removed": "was removed",
}


class Line(Struct, frozen=True, kw_only=True):
    """One record as the table shows it."""

    id: str
    stamp: str
    type: str
    who: str
    text: str
    stream: str
    seq: int
    alarming: bool


class RecordPages:
    """Handler of `/records`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """One page of records."""
        params = params_of(request)
        room = self._deps.room
        kind = params.get("kind", "")
        kind = kind if kind in KINDS else ""
        error = ""
        page = RecordPage(rows=[])
        try:
            range_ = read_range(params, room.clock.wall_us())
            question = RecordQuestion(kind=kind, since_us=range_.since_us, until_us=range_.until_us, before=params.get("before"))
            page = await room.ask(lambda: find(room.index, viewer, question))
            await note_reading(room, viewer, question, len(page.rows))
        except RangeError as problem:
            error, range_ = str(problem), Range(preset=times.DEFAULT_PRESET)
        except CursorError:
            error = "This page of older records is no longer valid; begin again at the newest."
        except (EngineError, TooSlow) as problem:
            error = f"The records cannot be shown now: {problem}."
        names = self._deps.names()
        shown = Shown(request=request, viewer=viewer, page_name="Records")
        return self._pages.page(
            "records.html",
            shown,
            rows=[line(row, names) for row in page.rows],
            error=error,
            older=_address(kind, range_, page.next) if page.next else "",
            tabs=[{"word": word, "href": _address(name, range_), "on": name == kind} for name, word in _WORDS.items()],
            presets=[
                {"label": label, "href": _address(kind, Range(preset=name)), "on": name == range_.preset}
                for name, (label, _) in PRESETS.items()
            ],
            empty_text=f"Nothing {range_.words}.",
            tab_on=bool(kind),
            clear=_address("", range_),
            widen=_address(kind, Range(preset="all")),
        )


def _address(kind: str, range_: Range, before: str | None = None) -> str:
    params = {**({"kind": kind} if kind else {}), **range_.params, **({"before": before} if before else {})}
    return "/records?" + urlencode(params) if params else "/records"


def line(row: RecordRow, names: Mapping[str, str]) -> Line:
    """The line of a record."""
    core: dict[str, Any] = msgspec.json.decode(row.summary)
    auth = (core.get("actor") or {}).get("auth", "")
    host = f"{row.person[3:]}, on the host" if row.person.startswith("os:") else ""
    # The identity beside a token is its owner's, not that of the actor.
    person = "" if row.type == "token.changed" else row.person
    who = (
        names.get(row.subject)
        or host
        or person
        or ("local administrator" if auth == "socket" else "nobody known" if row.type == "auth.failed" else "")
    )
    return Line(
        id=row.id,
        stamp=times.stamp(row.time),
        type=row.type,
        who=who,
        text=visible(_text(row.type, core, names)),
        stream=row.stream,
        seq=row.seq,
        alarming=row.type in _ALARMING or (row.type == "grant.changed" and core["action"] == "reused"),
    )


_ENDED = {
    "own": "signed out",
    "ended": "on the page of the person",
    "signed_in_again": "the browser has a new one",
    "back_channel_logout": "the identity provider signed them out",
    "token_revocation": "the identity provider revoked everything",
}


def _sign_in_text(type_: str, core: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The same of sign-in and its end."""
    source, provider = (core.get("source") or {}).get("ip", ""), core.get("provider")
    match type_:
        case "auth.signed_in":
            past = " by a link past the identity provider" if core.get("break_glass") else ""
            because = f": {core['reason']}" if core.get("reason") else ""
            return f"Signed in to the console{f' with {provider}' if provider else past} from {source}{because}"
        case "auth.sign_in_failed":
            return f"Not signed in{f' at {provider}' if provider else ''} ({core['reason']}), from {source}: {core.get('detail', '')}"
    count = f"{core['sessions']:,} session{'' if core['sessions'] == 1 else 's'} of {names.get(core['owner'], core['owner'][:8])}"
    return f"Ended {count}: {_ENDED.get(core['cause'], core['cause'])}"


def _text(type_: str, core: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What happened, in one sentence of the record's own values."""
    source = (core.get("source") or {}).get("ip", "")
    match type_:
        case "auth.signed_in" | "auth.sign_in_failed" | "auth.signed_out":
            return _sign_in_text(type_, core, names)
        case "auth.failed":
            what = "sign-in link" if core["endpoint"].startswith("/sign-in") else "token"
            return f"Refused at {core['endpoint']}: {what} {core['reason']}, from {source}"
        case "config.changed":
            because = f": {core['reason']}" if core.get("reason") else ""
            who = (core.get("proposer") or {}).get("subject", "")
            by = f", proposed by {names.get(who, who[:8])}" if who and who != core["actor"]["subject"] else ""
            alone = ", without the second person who is asked for" if core.get("alone") else ""
            return f"{core['kind']} {core['name']} {core['action']} (version {core['version']}, revision {core['revision']}{by}{alone}){because}"
        case "token.changed":
            return f"Token {core['token']} of {names.get(core['owner'], core['owner'][:8])} {core['action']}"
        case "access.self_granted":
            whom = "themselves" if core["subject"] == core["actor"]["subject"] else names.get(core["subject"], core["subject"][:8])
            return f"Gave {whom} a role that shows more of the log: {', '.join(core['groups'])}, by {', '.join(core['roles'])}"
        case "client.changed" | "grant.changed":
            return _client_text(core, names)
        case "log.read":
            rows = (
                f", {core['rows']:,} row{'' if core['rows'] == 1 else 's'}"
                if core.get("rows") is not None and core["action"] == "search"
                else ""
            )
            why = f" (reason: {core['reason']})" if core.get("reason") else ""
            return (
                f"{core['action'].capitalize()}{rows}{', with payloads' if core['payloads'] else ''}: {core['query'] or 'everything'}{why}"
            )
        case "process.started":
            return f"{core['role'].capitalize()} started: process {core['pid']}, version {core['version']}, configuration {core['config']}"
        case "process.stopped":
            return f"{core['role'].capitalize()} stopped: {core['reason']}"
        case "connector.process":
            code = f", exit code {core['exit_code']}" if core.get("exit_code") is not None else ""
            return f"Process {core['pid']} of connector {core['connector']} {core['action']}: {core['reason']}{code}"
        case "connector.tools":
            parts = (("new", [one["tool"] for one in core.get("new", ())]), ("no longer listed", core.get("gone", ())))
            said = [f"{len(tools):,} {word} ({', '.join(tools[:5])}{', …' if len(tools) > 5 else ''})" for word, tools in parts if tools]
            return f"Tools of connector {core['connector']}: {'; '.join(said)}"
        case "log.unavailable":
            return f"The log could not be written since {times.stamp(core['since'])} UTC ({core['reason']}); {core['refused']:,} requests were refused"
        case "log.tail_cut":
            return f"An unfinished write of {core['size']:,} bytes was cut at record {core['at_seq']}"
        case "clock.stepped":
            return f"The wall clock jumped by {core['step_us'] / times.SECOND_US:+.3f} s"
        case "log.segment_opened":
            return f"Segment {core['segment']:,} opened, {len(core.get('open', ())):,} calls in flight"
    return ""


def _client_text(core: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What happened to an AI client, or between it and a person."""
    if "owner" not in core:
        return f"AI client {core['client']} {_CLIENT_WORDS[core['action']]} ({core['host']})"
    owner, client = names.get(core["owner"], core["owner"][:8]), core["client"]
    match core["action"]:
        case "created":
            return f"{owner} lets the AI client {client} use {core['resource']}"
        case "issued":
            return f"AI client {client} got the token {core['token']} of {owner} for {core['resource']}"
        case "refused":
            return f"{owner} did not let the AI client {client} in"
        case "reused":
            return f"A used code or refresh token of {owner} came again from the AI client {client}: all that it had has ended"
    return f"What {owner} let the AI client {client} do was ended by the {core['by']}"
