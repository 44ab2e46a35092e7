"""Policies and guardrails for a stage, with a history and with calls to which they applied; and a second administrator."""

from gatebook.control.caller import local_caller
from gatebook.identity.issuing import TokenOrder
from gatebook.reading.rule_changes import Terms
from gatebook.state.documents import parse_documents
from gatebook.state.editing import Wanted
from tests.console.stage import Stage
from tests.console.waiting import deny, pend, person

SECOND = "olga@northwind.example"
_DAY_US = 86_400_000_000
_CONNECTORS = """
kind: Connector
name: crm
spec: {transport: http, url: 'https://crm.example/mcp', allow: {groups: [sales, support, finance, marketing]}}
---
kind: Connector
name: git
spec: {transport: http, url: 'https://git.example/mcp', allow: {groups: [engineering]}}
"""
_RULES = """
kind: Policy
name: ask-before-export
spec:
  effect: require_approval
  description: Exports of contacts are looked at by a person first.
  selector: {connectors: [crm], tools: [export_*], not_groups: [finance]}
  approvers: [security]
  reason: Exports of contacts are looked at first.
  tests:
    - {person: amara, groups: [sales], connector: crm, tool: export_contacts, args: {segment: all}, expect: pending, by: ask-before-export}
---
kind: Policy
name: no-deletions
spec: {effect: deny, selector: {tools: [delete_*]}, reason: Nothing is deleted by AI clients.}
---
kind: Policy
name: wide-searches
spec:
  effect: deny
  mode: observe
  selector: {connectors: [crm], tools: [search_customers], groups: [sales, support, marketing]}
  when: args.?limit.orValue(0) > 20
  reason: Searches return at most twenty customers.
---
kind: Guardrail
name: no-secrets-out
spec: {detectors: [secret/*], action: block, parts: [arguments], severity: high, reason: Secrets may not be sent to tools.}
---
kind: Guardrail
name: cards-masked
spec: {detectors: [credit_card, iban], action: mask_last4, mode: observe, selector: {connectors: [crm], not_groups: [finance]}}
"""
EDITED = _RULES.split("---\n")[1].replace("tools: [delete_*]", "tools: [delete_*, purge_*]")


async def apply(stage: Stage, text: str, reason: str) -> None:
    """Apply as the local administrator."""
    await stage.desk.apply(parse_documents(text, "rules.yaml"), local_caller("root", stage.vault.subject), reason)


async def rule(stage: Stage) -> None:
    """Apply all of it, change one policy once more, and record calls of the last week to which two of them applied."""
    await apply(stage, _CONNECTORS, "the connectors")
    await apply(stage, _RULES, "governed from now on")
    await apply(stage, EDITED, "purging is deleting too")
    amara, jonas = person("amara"), person("jonas")
    for day, count in enumerate((1, 4, 2, 0, 3, 5, 2)):
        for number in range(count):
            ago_us = day * _DAY_US + (number + 1) * 3_600_000_000
            deny(stage, jonas, ago_us=ago_us)
            if number % 2:
                pend(stage, amara, ago_us=ago_us)
    await stage.settled()


async def enroll_second(stage: Stage) -> None:
    """Enter another administrator."""
    order = TokenOrder(person=SECOND, groups=("admins", "security"), person_name="Olga Petrova", name="admin")
    await stage.desk.issuing.create(order, local_caller("root", stage.vault.subject))


async def ask_for_two(stage: Stage, on: bool) -> None:
    """Have changes wait for a second person, or not any more; the local administrator may say so alone."""
    text = f"kind: Governance\nname: default\nspec: {{second_approver: {str(on).lower()}}}\n"
    wanted = Wanted(documents=tuple(parse_documents(text, "governance.yaml")))
    await stage.desk.changing.make(wanted, local_caller("root", stage.vault.subject), Terms(reason="for the tests", alone=True))
