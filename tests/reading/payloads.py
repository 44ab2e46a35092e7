"""Calls with payloads of the test's own choice, recorded as the gateway records them."""

import base64
import json
import time
from collections.abc import Sequence
from typing import Any

from gatebook.control.caller import local_caller
from gatebook.record.body import CallFinished, CallRefused, CallStarted
from gatebook.record.parts import Actor, Client, Decision, Finding, Outcome, Source, Timing, Trace
from gatebook.state.documents import parse_documents
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, Planned

IBAN = "DE89370400440532013000"
CODED = base64.b64encode(f"pay to {IBAN} today, please".encode()).decode()
ALLOWED = Decision(effect="allowed", rule="connector/crm:allow.groups[everyone]", bundle="b" * 16)
HOUR_US = 3_600_000_000


def text_of(words: str) -> dict[str, Any]:
    """A result of one piece of text."""
    return {"content": [{"type": "text", "text": words}]}


def _known(stage: Stage, person: int, tool: str, connector: str) -> dict[str, Any]:
    return {
        "method": "tools/call",
        "endpoint": "/mcp",
        "actor": Actor(subject=stage.vault.subject(PEOPLE[person].id), kind="person", auth="token", token="tok_00000001"),
        "client": Client(name="Claude Desktop", version="1.9.4"),
        "source": Source(ip="10.20.0.7", port=40_000),
        "trace": Trace(id="0" * 31 + "1", parent="0" * 15 + "1", made=True),
        "connector": connector,
        "tool": tool,
        "request_id": "7",
        "session": "ses_payloads",
    }


def recorded(
    stage: Stage,
    arguments: Any = None,
    result: Any = None,
    *,
    person: int = 0,
    tool: str = "get_customer",
    connector: str = "crm",
    method: str = "tools/call",
    ago_us: int = HOUR_US,
    findings: Sequence[Finding] = (),
    outcome: Outcome | None = None,
) -> str:
    """Record a call that went through, or whose answer was withheld; returns its id. `findings` are those of the record, of either part."""
    started = CallStarted(
        **{**_known(stage, person, tool, connector), "method": method},
        decision=ALLOWED,
        findings=tuple(one for one in findings if one.part == "arguments"),
    )
    finish = CallFinished(
        call="",
        started_seq=0,
        outcome=outcome or Outcome(status="ok", transport="ok", http_status=200),
        timing=Timing(total_us=900),
        findings=tuple(one for one in findings if one.part == "response"),
    )
    params = json.dumps({"name": tool, "arguments": arguments or {}}).encode()
    response = None if result is None else json.dumps({"jsonrpc": "2.0", "id": 7, "result": result}).encode()
    return stage.play(Planned(person=PEOPLE[person], opening=started, arguments=params, finish=finish, response=response), ago_us)


def refused(stage: Stage, arguments: Any, decision: Decision, findings: Sequence[Finding] = (), *, cut: int | None = None) -> str:
    """Record a call that was blocked before it went out; returns its id."""
    body = CallRefused(
        **_known(stage, 0, "get_customer", "crm"),
        decision=decision,
        findings=tuple(findings),
        outcome=Outcome(status="blocked", transport="not_sent", error_class="policy", detail=decision.reason),
        timing=Timing(total_us=90),
    )
    params = json.dumps({"name": "get_customer", "arguments": arguments}).encode()
    return stage.play(Planned(person=PEOPLE[0], opening=body, arguments=params[:cut]), HOUR_US)


def finding(detector: str, action: str, *, part: str = "response", count: int = 1) -> Finding:
    """A finding as the gateway notes it."""
    kind = detector.rpartition("/")[2]
    return Finding(detector=detector, type=kind, severity="high", part=part, action=action, count=count, pointer="/x")  # type: ignore[arg-type]


async def enforce(stage: Stage, text: str) -> None:
    """Put documents in force."""
    await stage.desk.apply(parse_documents(text, "rules.yaml"), local_caller("root", stage.vault.subject), "for the test")


def guardrail(name: str, *, detectors: str = "iban", action: str = "block", more: str = "") -> str:
    """A document of a guardrail."""
    return f"kind: Guardrail\nname: {name}\nspec: {{detectors: ['{detectors}'], action: {action}{', ' + more if more else ''}}}\n"


def week() -> tuple[int, int]:
    """The last seven days, a second from now included."""
    until_us = time.time_ns() // 1000 + 1_000_000
    return until_us - 7 * 86_400_000_000, until_us
