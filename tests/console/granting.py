"""Grants for a stage: some that its calls use, many that nobody uses, some that are young, and some that somebody wrote who means harm."""

from gatebook.control.caller import local_caller
from gatebook.state.documents import parse_documents
from tests.console.stage import Stage
from tests.state.noting import HOSTILE, note, tool

DAY_US = 86_400_000_000
HOSTILE_GROUP = "<b>ops</b> & \\u202ecrew"
_OLD = f"""
kind: Connector
name: crm
spec: {{transport: http, title: Customers and deals, url: 'https://crm.example/mcp', allow: {{groups: [sales, support, marketing, interns]}}, tools: {{deny: [purge_*]}}}}
---
kind: Connector
name: git
spec: {{transport: http, url: 'https://git.example/mcp', allow: {{groups: [engineering, security]}}}}
---
kind: Connector
name: billing
spec: {{transport: http, title: Invoices and refunds, url: 'https://billing.example/mcp', allow: {{groups: [finance, "{HOSTILE_GROUP}"], people: [hannah@northwind.example]}}}}
---
kind: Connector
name: scratch
spec: {{transport: http, url: 'https://scratch.example/mcp', allow: {{groups: [legal]}}}}
---
kind: Connector
name: time
spec: {{transport: http, url: 'https://time.example/mcp', allow: {{groups: [everyone]}}, tool_approval: none}}
---
kind: ToolPack
name: export-desk
spec: {{tools: {{crm: [export_*]}}, allow: {{people: [sofia@northwind.example], groups: [finance]}}}}
---
kind: Policy
name: exports-wait
spec: {{effect: require_approval, reason: Exports are looked at first, selector: {{connectors: [crm], tools: [export_*]}}}}
---
kind: Policy
name: no-merging-in-support
spec: {{effect: deny, reason: Sales merge, selector: {{connectors: [crm], tools: [merge_customers], groups: [support]}}}}
---
kind: Policy
name: small-refunds
spec: {{effect: deny, reason: Above 500 somebody else refunds, selector: {{connectors: [billing], tools: [refund_invoice]}}, when: "args.?amount.orValue(0) > 500"}}
"""
_YOUNG = """
kind: ToolPack
name: invoice-readers
spec: {tools: {billing: [list_*]}, allow: {groups: [sales]}}
"""
CRM = ("search_customers", "get_customer", "update_customer", "export_contacts", "merge_customers", "archive_customer", "list_deals")
BILLING = ("list_invoices", "get_invoice", "refund_invoice", "delete_invoice")
GIT = ("git_log", "git_diff", "git_show", "git_blame", "git_reset")


async def entitle(stage: Stage) -> None:
    """Apply the connectors half a year ago and the pack yesterday, and have the connectors list their tools."""
    caller = local_caller("root", stage.vault.subject)
    await stage.desk.apply(parse_documents(_OLD, "granting.yaml"), caller, "for the tests")
    with stage.store.write() as connection:
        connection.exec_driver_sql(f"UPDATE resources SET at_us = at_us - {180 * DAY_US}")
    await stage.desk.apply(parse_documents(_YOUNG, "granting.yaml"), caller, "for the tests")
    then_us = stage.room.clock.wall_us() - 170 * DAY_US
    reads = {"readOnlyHint": True, "openWorldHint": False}
    for name, tools in (("crm", CRM), ("git", GIT), ("billing", BILLING)):
        note(stage.store, name, [tool(one, f"Run {one}.", annotations=reads) for one in tools], then_us)
    note(stage.store, "scratch", HOSTILE, then_us)
