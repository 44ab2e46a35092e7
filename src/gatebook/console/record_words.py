"""What a record says, in one sentence of its own values. A type that is not told of here has none."""

from collections.abc import Callable, Mapping
from typing import Any

from gatebook.console import times

Core = Mapping[str, Any]
Names = Mapping[str, str]

_SESSIONS_ENDED = {
    "own": "signed out",
    "ended": "on the page of the person",
    "signed_in_again": "the browser has a new one",
    "back_channel_logout": "the identity provider signed them out",
    "token_revocation": "the identity provider revoked everything",
}
_CLIENT_WORDS = {
    "registered": "registered itself",
    "read": "is described by its document",
    "added": "was added",
    "disabled": "was disabled",
    "enabled": "was enabled",
    "removed": "was removed",
}
_CAUSES = {
    "deactivated": "deactivated in the directory",
    "deleted": "deleted in the directory",
    "groups": "taken out of groups in the directory",
    "administrator": "by an administrator",
    "back_channel_logout": "signed out at the identity provider",
    "token_revocation": "all access revoked at the identity provider",
}


def words(type_: str, core: Core, names: Names) -> str:
    """What happened; empty for a type that has no words."""
    return _WORDS[type_](core, names) if type_ in _WORDS else ""


def _name(subject: str, names: Names) -> str:
    return names.get(subject, subject[:8])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _source(core: Core) -> str:
    return str((core.get("source") or {}).get("ip", ""))


def _signed_in(core: Core, _names: Names) -> str:
    provider = core.get("provider")
    past = " by a link past the identity provider" if core.get("break_glass") else ""
    because = f": {core['reason']}" if core.get("reason") else ""
    return f"Signed in to the console{f' with {provider}' if provider else past} from {_source(core)}{because}"


def _sign_in_failed(core: Core, _names: Names) -> str:
    provider = core.get("provider")
    return f"Not signed in{f' at {provider}' if provider else ''} ({core['reason']}), from {_source(core)}: {core.get('detail', '')}"


def _signed_out(core: Core, names: Names) -> str:
    count = f"{_count(core['sessions'], 'session')} of {_name(core['owner'], names)}"
    return f"Ended {count}: {_SESSIONS_ENDED.get(core['cause'], core['cause'])}"


def _failed(core: Core, _names: Names) -> str:
    what = "sign-in link" if core["endpoint"].startswith("/sign-in") else "token"
    return f"Refused at {core['endpoint']}: {what} {core['reason']}, from {_source(core)}"


def _changed(core: Core, names: Names) -> str:
    because = f": {core['reason']}" if core.get("reason") else ""
    who = (core.get("proposer") or {}).get("subject", "")
    by = f", proposed by {_name(who, names)}" if who and who != core["actor"]["subject"] else ""
    alone = ", without the second person who is asked for" if core.get("alone") else ""
    return f"{core['kind']} {core['name']} {core['action']} (version {core['version']}, revision {core['revision']}{by}{alone}){because}"


def _token_changed(core: Core, names: Names) -> str:
    return f"Token {core['token']} of {_name(core['owner'], names)} {core['action']}"


def _self_granted(core: Core, names: Names) -> str:
    whom = "themselves" if core["subject"] == core["actor"]["subject"] else _name(core["subject"], names)
    return f"Gave {whom} a role that shows more of the log: {', '.join(core['groups'])}, by {', '.join(core['roles'])}"


def _client_changed(core: Core, _names: Names) -> str:
    return f"AI client {core['client']} {_CLIENT_WORDS[core['action']]} ({core['host']})"


def _grant_changed(core: Core, names: Names) -> str:
    owner, client = _name(core["owner"], names), core["client"]
    match core["action"]:
        case "created":
            return f"{owner} lets the AI client {client} use {core.get('resource', 'this gateway')}"
        case "issued":
            return f"AI client {client} got the token {core.get('token', '')} of {owner} for {core.get('resource', 'this gateway')}"
        case "refused":
            return f"{owner} did not let the AI client {client} in"
        case "reused":
            return f"A used code or refresh token of {owner} came again from the AI client {client}: all that it had has ended"
    return f"What {owner} let the AI client {client} do was ended by the {core.get('by', 'gateway')}"


def _cut_off(core: Core, names: Names) -> str:
    ended = ", ".join(_count(core[name], what) for name, what in (("tokens", "token"), ("sessions", "session"), ("grants", "grant")))
    services = core.get("services") or ()
    suspended = f"; suspended {', '.join(_name(one, names) for one in services)}" if services else ""
    again = "" if core["deactivated"] else "; may sign in again"
    return f"Cut off {_name(core['subject'], names)}, {_CAUSES[core['cause']]}: {ended}{suspended}{again} ({core['cut_off']})"


def _cut_off_done(core: Core, names: Names) -> str:
    within = times.duration(max(0, core["in_force"] - core["signal"]))
    lost = f", {core['lost']:,} without an answer" if core["lost"] else ""
    ended = f"{_count(core['streams'], 'stream')} and {_count(core['calls'], 'call')} ended"
    credentials = f"{core['upstream_revoked']:,} credentials revoked, {core['upstream_failed']:,} failed"
    return (
        f"Cut-off of {_name(core['subject'], names)} complete: in force within {within} on {_count(core['workers'], 'worker')}{lost}; "
        f"{ended}; {credentials} ({core['cut_off']})"
    )


def _credential_changed(core: Core, names: Names) -> str:
    which = f"Credential {core['credential']}" if core.get("credential") else "Credentials"
    owner = core.get("owner")
    whose = f" of {_name(owner, names)}" if owner and owner != "connector" else ""
    at = f" for connector {core['connector']}" if core.get("connector") else ""
    detail = f": {core['detail']}" if core.get("detail") else ""
    return f"{which}{whose}{at} {core['action'].replace('_', ' ')}{detail}"


def _directory_request(core: Core, _names: Names) -> str:
    error = f", {core['error']}" if core.get("error") else ""
    return f"The directory asked {core['method']} {core['path']} from {_source(core)}: {core['status']}{error}"


def _read(core: Core, _names: Names) -> str:
    searched = core.get("rows") is not None and core["action"] == "search"
    rows = f", {_count(core['rows'], 'row')}" if searched else ""
    why = f" (reason: {core['reason']})" if core.get("reason") else ""
    return f"{core['action'].capitalize()}{rows}{', with payloads' if core['payloads'] else ''}: {core['query'] or 'everything'}{why}"


def _started(core: Core, _names: Names) -> str:
    return f"{core['role'].capitalize()} started: process {core['pid']}, version {core['version']}, configuration {core['config']}"


def _stopped(core: Core, _names: Names) -> str:
    return f"{core['role'].capitalize()} stopped: {core['reason']}"


def _connector_process(core: Core, _names: Names) -> str:
    code = f", exit code {core['exit_code']}" if core.get("exit_code") is not None else ""
    return f"Process {core['pid']} of connector {core['connector']} {core['action']}: {core['reason']}{code}"


def _connector_tools(core: Core, _names: Names) -> str:
    parts = (("new", [one["tool"] for one in core.get("new", ())]), ("no longer listed", core.get("gone", ())))
    said = [f"{len(tools):,} {word} ({', '.join(tools[:5])}{', …' if len(tools) > 5 else ''})" for word, tools in parts if tools]
    return f"Tools of connector {core['connector']}: {'; '.join(said)}"


def _log_unavailable(core: Core, _names: Names) -> str:
    since = times.stamp(core["since"])
    return f"The log could not be written since {since} UTC ({core['reason']}); {core['refused']:,} requests were refused"


def _tail_cut(core: Core, _names: Names) -> str:
    return f"An unfinished write of {core['size']:,} bytes was cut at record {core['at_seq']}"


def _clock_stepped(core: Core, _names: Names) -> str:
    return f"The wall clock jumped by {core['step_us'] / times.SECOND_US:+.3f} s"


def _segment_opened(core: Core, _names: Names) -> str:
    return f"Segment {core['segment']:,} opened, {len(core.get('open', ())):,} calls in flight"


_WORDS: dict[str, Callable[[Core, Names], str]] = {
    "auth.signed_in": _signed_in,
    "auth.sign_in_failed": _sign_in_failed,
    "auth.signed_out": _signed_out,
    "auth.failed": _failed,
    "config.changed": _changed,
    "token.changed": _token_changed,
    "access.self_granted": _self_granted,
    "access.cut_off": _cut_off,
    "access.cut_off_done": _cut_off_done,
    "client.changed": _client_changed,
    "grant.changed": _grant_changed,
    "credential.changed": _credential_changed,
    "directory.request": _directory_request,
    "log.read": _read,
    "log.segment_opened": _segment_opened,
    "log.tail_cut": _tail_cut,
    "log.unavailable": _log_unavailable,
    "process.started": _started,
    "process.stopped": _stopped,
    "connector.process": _connector_process,
    "connector.tools": _connector_tools,
    "clock.stepped": _clock_stepped,
}
