"""Invented people, connectors and calls, the same for the same seed: what tests read and screenshots show."""

import json
import random
import zlib
from typing import Any

import msgspec
from msgspec import Struct

from gatebook.record.body import CallFinished, CallRefused, CallStarted
from gatebook.record.parts import Actor, ApiRequest, Client, Credential, Decision, Finding, Outcome, Source, Timing, Trace
from gatebook.state.snapshot import Person

PEOPLE = tuple(
    Person(
        id=f"{name.split()[0].lower()}@northwind.example", email=f"{name.split()[0].lower()}@northwind.example", name=name, groups=groups
    )
    for name, groups in (
        ("Amara Okafor", ("sales", "emea")),
        ("Jonas Lindqvist", ("engineering", "platform")),
        ("Priya Raman", ("security",)),
        ("Mateo Alvarez", ("support",)),
        ("Sofia Rossi", ("finance",)),
        ("Kenji Watanabe", ("engineering", "data")),
        ("Hannah Weiss", ("legal",)),
        ("Lucas Moreau", ("sales", "emea")),
        ("Olivia Bennett", ("marketing",)),
        ("Tomasz Zielinski", ("engineering", "platform")),
    )
)
CLIENTS = (("Claude Desktop", "1.9.4"), ("Cursor", "3.2.0"), ("VS Code", "1.121.0"), ("ChatGPT", "2026.10"), ("Codex CLI", "0.88.1"))
TOOLS: tuple[tuple[str, str, Any, Any, int], ...] = (
    (
        "crm",
        "search_customers",
        {"query": "renewal due", "region": "EMEA", "limit": 25},
        {"customers": [{"id": 4012, "name": "Helix Optics", "arr": 84000}]},
        38,
    ),
    ("crm", "get_customer", {"id": 4012}, {"id": 4012, "name": "Helix Optics", "owner": "Amara Okafor", "health": "green"}, 12),
    ("crm", "update_customer", {"id": 4012, "stage": "negotiation"}, {"ok": True, "version": 17}, 44),
    (
        "crm",
        "export_contacts",
        {"segment": "all", "format": "csv"},
        {"contacts": [{"id": number, "name": f"Contact {number}"} for number in range(420)]},
        900,
    ),
    (
        "git",
        "git_log",
        {"repo_path": "/srv/git/billing", "max_count": 10},
        "commit 8c1f2a9\nAuthor: Jonas Lindqvist\n\n    Retry failed invoices once",
        61,
    ),
    (
        "git",
        "git_diff",
        {"repo_path": "/srv/git/billing", "target": "main"},
        "diff --git a/invoice.py b/invoice.py\n@@ -10,3 +10,4 @@\n+    retry(once)",
        83,
    ),
    ("git", "git_show", {"repo_path": "/srv/git/gateway", "revision": "8c1f2a9"}, "commit 8c1f2a9", 52),
    ("files", "read_text_file", {"path": "/srv/share/contracts/helix-2026.md"}, "# Master services agreement\n\nTerm: 36 months", 9),
    ("files", "list_directory", {"path": "/srv/share/contracts"}, "[FILE] helix-2026.md\n[FILE] corvid-2025.md", 6),
    ("files", "write_file", {"path": "/srv/share/notes/q4.md", "content": "Draft of the Q4 plan"}, "Successfully wrote to q4.md", 14),
    ("tickets", "create_issue", {"project": "OPS", "title": "Rotate the staging certificates", "priority": 2}, {"key": "OPS-1187"}, 210),
    (
        "tickets",
        "search_issues",
        {"jql": "project = OPS AND status != Done", "max": 50},
        {"issues": [{"key": f"OPS-{number}"} for number in range(1100, 1137)]},
        340,
    ),
    ("time", "get_current_time", {"timezone": "Europe/Stockholm"}, {"datetime": "2026-11-23T10:15:00+01:00", "is_dst": False}, 3),
    ("fetch", "fetch", {"url": "https://status.helix.example/", "max_length": 5000}, "All systems operational", 620),
    ("memory", "search_nodes", {"query": "Helix"}, {"entities": [{"name": "Helix Optics", "entityType": "customer"}]}, 5),
)
ENDS: tuple[tuple[str, int], ...] = (
    ("ok", 80), ("tool_error", 6), ("blocked", 6), ("upstream_error", 2), ("timeout", 1), ("protocol_error", 2), ("cancelled", 1), ("listed", 7),
)  # fmt: skip
_TOOL_ERRORS = (
    ("not_found", "Customer 9931 does not exist"), ("permission", "Access denied: path outside allowed directories"),
    ("rate_limited", "429 Too Many Requests, retry after 30 s"), ("invalid_input", "limit must be at most 100"),
)  # fmt: skip


REDACTED_REASON = "Account numbers do not leave the share."
SERVERS = {
    "crm": "crm.northwind.example:443",
    "tickets": "tickets.northwind.example:443",
    "fetch": "stdio:mcp-server-fetch",
    "git": "stdio:mcp-server-git",
}
REDACTED_RULE = "guardrail/account-numbers"
CONTRACT = "# Master services agreement\n\nTerm: 36 months\nPay to [redacted:iban], contact [redacted:email]"


def found(kind: str, value: int, **more: Any) -> Finding:
    """A finding in a response; the same `value` gives the same fingerprint."""
    severity = {"iban": "high", "email": "low", "phone_intl": "low", "aws_access_key_id": "critical"}[kind]
    family = {"iban": "financial", "aws_access_key_id": "secret"}.get(kind, "pii")
    base: dict[str, Any] = {"part": "response", "action": "logged", "pointer": "/result/content/0/text", "fingerprint": f"fp_{value:08x}"}
    return Finding(detector=f"{family}/{kind}", type=kind, severity=severity, **{**base, **more})  # type: ignore[arg-type]


class Planned(Struct, frozen=True, kw_only=True):
    """A call that is to be recorded: its records, and the payloads of each."""

    person: Person
    opening: CallStarted | CallRefused
    arguments: bytes
    finish: CallFinished | None = None
    response: bytes | None = None
    notifications: tuple[bytes, ...] = ()


def plan(dice: random.Random, subject: str, person: Person) -> Planned:
    """One call of a person, of a random sort."""
    end = dice.choices([name for name, _ in ENDS], [weight for _, weight in ENDS])[0]
    connector, tool, arguments, result, usual_ms = dice.choices(TOOLS, [9, 8, 4, 1, 5, 4, 3, 8, 6, 3, 3, 5, 2, 3, 4])[0]
    if end == "blocked":
        connector, tool, arguments = dice.choice(
            (("crm", "export_contacts", {"segment": "all", "format": "csv"}), ("files", "delete_file", {"path": "/srv/share/contracts/corvid-2025.md"}),
             ("tickets", "delete_project", {"project": "OPS"}))
        )  # fmt: skip
    method = "tools/list" if end == "listed" else "tools/call"
    params: dict[str, Any] = {} if end == "listed" else {"name": tool, "arguments": arguments}
    upstream_us = round(usual_ms * 1000 * dice.lognormvariate(0, 0.5)) if end != "timeout" else 30_000_000
    case = Case(method=method, connector=connector, tool=None if end == "listed" else tool, params=params, result=result, end=end)
    if end == "ok":
        case = msgspec.structs.replace(case, **_sensitive(dice, connector, tool))
    return build(person, subject, case, upstream_us, dice)


class Case(Struct, frozen=True, kw_only=True):
    """What is called, and how it ends."""

    method: str = "tools/call"
    connector: str | None = "crm"
    tool: str | None = "search_customers"
    params: Any = None
    result: Any = None
    end: str = "ok"
    client: tuple[str, str] | None = None
    session: str | None = None
    findings: tuple[Finding, ...] = ()
    api_requests: tuple[ApiRequest, ...] = ()
    redacted: bool = False


def _sensitive(dice: random.Random, connector: str, tool: str) -> dict[str, Any]:
    """What a data scan would have found in some of the answers."""
    customer = dice.randrange(12)
    if tool == "export_contacts":
        return {"findings": (found("email", 7, count=420), found("phone_intl", 9, count=310))}
    if tool == "read_text_file" and dice.random() < 0.5:
        return {
            "findings": (found("iban", 4, action="redacted"), found("email", 7, action="redacted")),
            "result": CONTRACT,
            "redacted": True,
        }
    if connector == "crm" and dice.random() < 0.5:
        return {"findings": (found("email", customer),)}
    return {}


def build(person: Person, subject: str, case: Case, upstream_us: int, dice: random.Random) -> Planned:
    """The records of one call."""
    end = "ok" if case.end == "listed" else case.end
    client = case.client or CLIENTS[(PEOPLE.index(person) if person in PEOPLE else 0) % len(CLIENTS)]
    rule = f"connector/{case.connector}:allow.groups[everyone]"
    denied = f"connector/{case.connector}:tools.deny[{(case.tool or '').partition('_')[0]}_*]"
    reason = f"The tool {case.tool} of the connector {case.connector} is denied."
    matched = (rule, f"connector/{case.connector}:tools.allow[*]")
    common: dict[str, Any] = {
        "method": case.method,
        "endpoint": "/mcp" if dice.random() < 0.6 else f"/mcp/{case.connector}",
        "actor": Actor(subject=subject, kind="person", auth="token", token=f"tok_{abs(hash(person.id)) % 10**8:08d}"),
        "client": Client(name=client[0], version=client[1], user_agent=f"{client[0].replace(' ', '')}/{client[1]}"),
        "source": Source(ip=f"10.20.{dice.randrange(4)}.{dice.randrange(2, 250)}", port=dice.randrange(20_000, 60_000)),
        "trace": Trace(id=f"{dice.getrandbits(128):032x}", parent=f"{dice.getrandbits(64):016x}", made=True),
        "connector": case.connector,
        "tool": case.tool,
        "protocol": "2026-07-28",
        "request_id": str(dice.randrange(1, 400)),
        "session": case.session or f"ses_{zlib.crc32(f'{person.id} {dice.randrange(5)}'.encode()):08x}",
    }
    arguments = json.dumps(case.params if case.params is not None else {}).encode()
    if end == "blocked":
        decision = Decision(effect="blocked", rule=denied, bundle="5b1f0c9a7d3e4412", matched=(rule, denied), reason=reason)
        outcome = Outcome(status="blocked", transport="not_sent", rpc_code=-32055, error_class="policy", detail=reason)
        refused = CallRefused(**common, decision=decision, outcome=outcome, timing=Timing(total_us=640, gateway_us=580, policy_us=60))
        return Planned(person=person, opening=refused, arguments=arguments)
    credential = Credential(id=f"{case.connector}/header:authorization", kind="header", owner="connector")
    decision = Decision(effect="allowed", rule=rule, bundle="5b1f0c9a7d3e4412", matched=matched)
    started = CallStarted(
        **common,
        decision=decision,
        credential=credential,
        tool_hash=f"{dice.getrandbits(256):064x}",
        server=SERVERS.get(case.connector or ""),
    )
    later = Decision(
        effect="redacted", rule=REDACTED_RULE, bundle=decision.bundle, matched=(*matched, REDACTED_RULE), reason=REDACTED_REASON
    )
    outcome, body = _answer(case, end, dice)
    timing = Timing(
        total_us=upstream_us + 900, gateway_us=340, policy_us=40, log_us=520, upstream_us=upstream_us
    )  # fmt: skip
    notes = ()
    if case.tool == "export_contacts":
        notes = (b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":2100,"total":4200}}',)
    finish = CallFinished(
        call="", started_seq=0, outcome=outcome, timing=timing, messages=len(notes), findings=case.findings, api_requests=case.api_requests,
        decision=later if case.redacted else None,
    )  # fmt: skip
    return Planned(person=person, opening=started, arguments=arguments, finish=finish, response=body, notifications=notes)


def _answer(case: Case, end: str, dice: random.Random) -> tuple[Outcome, bytes | None]:
    if end == "ok" and case.method == "tools/list":
        return Outcome(status="ok", transport="ok", http_status=200), _rpc({"tools": [{"name": tool} for _, tool, *_ in TOOLS]})
    if end == "ok":
        text = case.result if isinstance(case.result, str) else json.dumps(case.result)
        return Outcome(status="ok", transport="ok", http_status=200), _rpc({"content": [{"type": "text", "text": text}], "isError": False})
    if end == "tool_error":
        error_class, text = dice.choice(_TOOL_ERRORS)
        outcome = Outcome(status="tool_error", transport="ok", http_status=200, is_error=True, error_class=error_class)  # type: ignore[arg-type]
        return outcome, _rpc({"content": [{"type": "text", "text": text}], "isError": True})
    if end == "protocol_error":
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "Unknown argument: lmit"}}).encode()
        return Outcome(status="protocol_error", transport="ok", http_status=200, rpc_code=-32602, error_class="invalid_input"), body
    if end == "timeout":
        return Outcome(
            status="timeout", transport="timeout", error_class="timeout", detail="The connector did not answer within 30 s."
        ), None
    if end == "cancelled":
        return Outcome(status="cancelled", transport="cancelled", error_class="cancelled", detail="The client cancelled the request."), None
    detail = "The connector closed the connection before its answer was whole."
    return Outcome(status="upstream_error", transport="broken", error_class="upstream_down", detail=detail), None


def _rpc(result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()
