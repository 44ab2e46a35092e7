"""`gatebook policy`: check policies and guardrails before they are applied, and ask what they decide and why."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from gatebook.cli import policy_replay
from gatebook.cli.apply import read_files
from gatebook.cli.get import table
from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.cli.width import clean
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="lint|test|explain|may|replay")
    lint = actions.add_parser("lint", help="what is wrong, and what deserves a look", description="Check files, or what is stored.")
    test = actions.add_parser(
        "test", help="run the tests of policies", description="Run the tests of policies, with files applied to what is stored."
    )
    for action in (lint, test):
        action.add_argument("files", nargs="*", metavar="FILE|DIR", help="YAML that would be applied (default: what is stored)")
    explain = actions.add_parser(
        "explain", help="why a call would be decided as it would be", description="Decide a call that nobody makes, and say why."
    )
    explain.add_argument("person", metavar="PERSON", help="id or e-mail address")
    explain.add_argument("tool", metavar="CONNECTOR/TOOL", help="such as crm/export_contacts")
    explain.add_argument("--args", default="{}", metavar="JSON", help="arguments (default: none)")
    explain.add_argument("--client", default="", help="name of the AI app")
    explain.add_argument("--from-ip", default="127.0.0.1", metavar="ADDRESS", help="address of the caller (default: 127.0.0.1)")
    may = actions.add_parser("may", help="what a person may do", description="Say for each known tool what a person may do with it.")
    may.add_argument("person", metavar="PERSON", help="id or e-mail address")
    for action in (explain, may):
        action.add_argument("-f", "--file", dest="files", action="append", default=[], metavar="FILE", help="YAML as if it were applied")
    replay = actions.add_parser(
        "replay",
        help="what a draft would have changed",
        description="Decide past calls by a draft, and show which would be decided differently.",
    )
    replay.add_argument("files", nargs="+", metavar="FILE|DIR", help="YAML that would be applied")
    replay.add_argument("--since", default="7d", metavar="TIME", help="only calls since then: 7d, 12h, 2026-11-01 (default: 7d)")
    replay.add_argument("--until", metavar="TIME", help="only calls before then")
    for action in (lint, test, explain, may, replay):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of lint, test, explain, may, replay."""
    if args.action == "replay":
        return policy_replay.run(args)
    return {"lint": _lint, "test": _test, "explain": _explain, "may": _may}[args.action](args)


def _ask(args: argparse.Namespace, operation: str, params: dict[str, Any]) -> Any:
    texts = [text for name in args.files for text in read_files(name)]
    return office.run(read_settings(args), operation, {**params, "texts": texts})


def _lint(args: argparse.Namespace) -> int:
    found = _ask(args, "check", {})
    if args.json:
        print(json.dumps(found))
        return 0
    for warning in found["warnings"]:
        print(f"warning: {warning}")
    policies, guardrails = _counted(found["policies"], "policy", "policies"), _counted(found["guardrails"], "guardrail")
    print(f"{policies} and {guardrails} fit together; {_counted(len(found['warnings']), 'warning')}.")
    return 0


def _test(args: argparse.Namespace) -> int:
    found = _ask(args, "check", {})
    if args.json:
        print(json.dumps(found))
        return 0
    if not found["tests"]:
        raise Problem("there is no test in these policies; add `tests:` to one")
    print(f"{_counted(found['tests'], 'test')} of {_counted(found['policies'], 'policy', 'policies')} passed.")
    return 0


def _explain(args: argparse.Namespace) -> int:
    connector, separator, tool = args.tool.partition("/")
    if not separator or not tool:
        raise Problem(f"{args.tool!r}: write connector and tool as crm/export_contacts", exit_code=2)
    order = {
        "person": args.person,
        "connector": connector,
        "tool": tool,
        "arguments": args.args,
        "client": args.client,
        "source_ip": args.from_ip,
    }
    found = _ask(args, "explain", order)
    if args.json:
        print(json.dumps(found))
        return 0
    decision = found["decision"]
    reason = f": {decision['reason']}" if decision.get("reason") else ""
    print(f"{decision['effect']} by {decision['rule']}{reason}\n")
    rows = [["yes" if step["matched"] else "no", step["effect"], step["id"], step["why"]] for step in found["steps"]]
    _print_table(["MATCHED", "EFFECT", "RULE", "WHY"], rows)
    return 0


def _may(args: argparse.Namespace) -> int:
    found = _ask(args, "reach", {"person": args.person})
    if args.json:
        print(json.dumps(found))
        return 0
    person = found["person"]
    print(f"{person['id']}, groups: {', '.join(person['groups']) or 'none'}\n")
    if not found["tools"]:
        raise Problem("no connector has listed its tools yet")
    rows = [[one["outcome"], one["connector"], one["tool"], ", ".join(one["rules"]), one["reason"]] for one in found["tools"]]
    _print_table(["MAY", "CONNECTOR", "TOOL", "BY", "WHY"], rows)
    return 0


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(table(list(heads), [[clean(cell) for cell in row] for row in rows]))
