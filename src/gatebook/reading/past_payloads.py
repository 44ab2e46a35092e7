"""Past calls as guardrails look at them: who called what, the stored bytes of both directions, and what had been taken out of those."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, get_args

from msgspec import Struct

from gatebook.dlp.document import check
from gatebook.dlp.guardrail import Direction
from gatebook.dlp.hit import Exhausted
from gatebook.gateway import wire
from gatebook.index.rows import CallRow
from gatebook.policy.request import HINTS, Hints, Request
from gatebook.reading.exports_rows import Loaded
from gatebook.record.body import CallFinished, CallRefused, CallStarted
from gatebook.record.parts import Finding

QUERY: Final = "method:(tools/call,resources/read,prompts/get,completion/complete)"
"""The calls that guardrails look at: not those that open a session or ask what there is."""
PARTS: Final[tuple[Direction, ...]] = get_args(Direction)


class PastPayloads(Struct, frozen=True, kw_only=True):
    """One call. `payloads`: what can be looked at; `missing`: why another cannot; `taken`: what is not in them any more, finds by detector."""

    row: CallRow
    request: Request
    payloads: dict[Direction, bytes]
    missing: dict[Direction, str]
    taken: dict[Direction, Counter[str]]


def past_payloads(loaded: Loaded, hints: Mapping[str, Mapping[str, Hints]], guardrails: Collection[str]) -> PastPayloads | None:
    """What guardrails would look at; None for a call that policy stopped before them. `guardrails` are ids that a decision may name."""
    opening = loaded.call.opening.body if loaded.call is not None else None
    ending = loaded.call.ending.body if loaded.call is not None and loaded.call.ending is not None else None
    if isinstance(opening, CallRefused) and not _by_guardrail(opening, guardrails):
        return None
    payloads: dict[Direction, bytes] = {}
    missing: dict[Direction, str] = {}
    taken: dict[Direction, Counter[str]] = {part: Counter() for part in PARTS}
    arguments = loaded.parts.get("arguments")
    if arguments is not None:
        if isinstance(opening, CallRefused) and _is_cut(arguments):
            missing["arguments"] = "cut"
        else:
            payloads["arguments"] = arguments
    elif "arguments" in loaded.missing:
        missing["arguments"] = _reason(loaded.missing["arguments"])
    if isinstance(opening, CallStarted | CallRefused):
        _take(taken, opening.findings)
    if isinstance(ending, CallFinished):
        _take(taken, ending.findings)
        _add_response(ending, loaded, payloads, missing)
    elif "response" in loaded.missing and not isinstance(opening, CallRefused):
        missing["response"] = _reason(loaded.missing["response"])
    return PastPayloads(
        row=loaded.row, request=_request(loaded.row, hints, payloads.get("arguments")), payloads=payloads, missing=missing, taken=taken
    )


def _by_guardrail(refused: CallRefused, guardrails: Collection[str]) -> bool:
    if any(_was_taken_out(finding) for finding in refused.findings):
        return True
    return refused.decision is not None and refused.decision.rule in guardrails


def _was_taken_out(finding: Finding) -> bool:
    """Whether the stored payload lacks what was found. A canary is found by no detector, before guardrails look, and stays."""
    return finding.action != "logged" and "/" in finding.detector


def _is_cut(arguments: bytes) -> bool:
    """Whether the end is missing: the record of a refused call keeps the beginning of long arguments, and what came in was JSON."""
    try:
        check(arguments)
    except Exhausted as exhausted:
        return exhausted.fault == "not_json"
    return False


def _take(taken: Mapping[Direction, Counter[str]], findings: Collection[Finding]) -> None:
    for finding in findings:
        if _was_taken_out(finding):
            taken[finding.part][finding.detector] += finding.count


def _add_response(ending: CallFinished, loaded: Loaded, payloads: dict[Direction, bytes], missing: dict[Direction, str]) -> None:
    """Add the answer where it is the connector's; texts of the gateway's own are not looked at."""
    outcome = ending.outcome
    if outcome.transport != "ok" or outcome.status == "upstream_error":
        return
    if outcome.status == "blocked" and not any(one.action == "blocked" and one.part == "response" for one in ending.findings):
        missing["response"] = "withheld"
        return
    body = loaded.parts.get("response")
    if body is not None:
        payloads["response"] = _answer(body)
    elif "response" in loaded.missing:
        missing["response"] = _reason(loaded.missing["response"])


def _answer(body: bytes) -> bytes:
    """The result or error of a stored message, which is what the gateway scans."""
    members = wire.raw_map(body)
    answer = members.get("result", members.get("error"))
    return body if answer is None else bytes(answer)


def _reason(text: str) -> str:
    """A reason of the loader in one word."""
    head = text.partition(":")[0]
    return "too_large" if head == "not recorded" else head


def _request(row: CallRow, hints: Mapping[str, Mapping[str, Hints]], params: bytes | None) -> Request:
    is_tool = row.method == "tools/call"
    arguments = wire.raw_map(params).get("arguments") if params else None
    return Request(
        connector=row.connector,
        tool=row.tool if is_tool else None,
        person=row.person,
        email=row.email,
        kind="service" if row.actor_kind == "service" else "person",
        groups=row.groups,
        client=row.client,
        hints=hints.get(row.connector, {}).get(row.tool, HINTS) if is_tool else HINTS,
        source_ip=row.ip,
        time_us=row.time,
        arguments=None if arguments is None else bytes(arguments),
    )
