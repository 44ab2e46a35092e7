"""`gatebook dlp`: find sensitive data in a file or in past calls, and check, time and list detectors. Changes nothing."""

import argparse
import json
from collections.abc import Iterator

import msgspec

from gatebook.cli import dlp_backtest, dlp_bench, dlp_scan
from gatebook.cli.apply import read_files
from gatebook.cli.get import table
from gatebook.cli.main import Problem, add_common
from gatebook.cli.width import clean
from gatebook.dlp.checking import check
from gatebook.dlp.detector import Detector, select
from gatebook.dlp.names import KINDS
from gatebook.policy.selectors import faults
from gatebook.state.documents import Document, DocumentError, check_distinct, parse_documents
from gatebook.state.guardrails import DetectorSpec, GuardrailSpec
from gatebook.state.in_force import CUSTOM, all_detectors, detector_ids, detector_of, guardrail_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="scan|backtest|lint|bench|detectors")
    scan = actions.add_parser(
        "scan",
        help="what is found in a file",
        description="Say what detectors find in a file: JSON, lines of JSON, or any other text. Values are masked.",
        epilog="examples:\n  gatebook dlp scan response.json\n  gatebook dlp scan notes.txt --detectors 'secret/*'\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scan.add_argument("file", metavar="FILE|-", help="what to look at; - is standard input")
    scan.add_argument("--detectors", default="*", metavar="LIST", help="detectors or patterns, separated by commas (default: *, all)")
    scan.add_argument("--show-values", action="store_true", help="print what was found as it is, not masked")
    backtest = actions.add_parser(
        "backtest",
        help="what a draft would have done with past calls",
        description="Try guardrails and detectors on the stored payloads of past calls, and show which would end differently.",
        epilog="examples:\n  gatebook dlp backtest guardrails/\n  gatebook dlp backtest stricter.yaml --since 24h --max 5000\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    backtest.add_argument("files", nargs="+", metavar="FILE|DIR", help="YAML that would be applied")
    backtest.add_argument("--since", default="7d", metavar="TIME", help="only calls since then: 7d, 12h, 2026-11-01 (default: 7d)")
    backtest.add_argument("--until", metavar="TIME", help="only calls before then")
    backtest.add_argument("--max", type=int, default=20_000, metavar="N", help="at most so many calls, the newest (default: 20000)")
    lint = actions.add_parser(
        "lint",
        help="check detectors and guardrails without applying them",
        description="Check documents of kind Detector and Guardrail without applying them.",
    )
    lint.add_argument("files", nargs="+", metavar="FILE|DIR|-", help="YAML that would be applied; documents of other kinds are left out")
    bench = actions.add_parser(
        "bench",
        help="how fast each detector is",
        description="Time each detector alone, and all together, on a text of 1 MB that is the same every time; slowest first.",
        epilog="examples:\n  gatebook get Detector -o yaml | gatebook dlp bench -f -\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bench.add_argument("--detectors", default="*", metavar="LIST", help="detectors or patterns, separated by commas (default: *, all)")
    listing = actions.add_parser("detectors", help="which detectors there are", description="List all detectors.")
    for action in (scan, bench, listing):
        action.add_argument(
            "-f", "--file", dest="own", action="append", default=[], metavar="FILE|DIR|-", help="YAML with detectors of your own"
        )
    for action in (scan, backtest, lint, bench, listing):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of scan, backtest, lint, bench, detectors."""
    return {"scan": _scan, "backtest": dlp_backtest.run, "lint": _lint, "bench": _bench, "detectors": _detectors}[args.action](args)


def lint_errors(documents: list[Document]) -> Iterator[str]:
    """Yield what is wrong with documents of kind Detector and Guardrail, each with file and line.

    What may be stored already, a tool pack or another detector of the company's own, is taken as being there.
    """
    custom = {document.name: document.spec for document in documents if isinstance(document.spec, DetectorSpec)}
    detectors = detector_ids(custom)
    for document in documents:
        label = f"{document.kind} {document.name}"
        if isinstance(document.spec, DetectorSpec):
            for fault in check(detector_of(document.name, document.spec)):
                yield f"{document.where('spec')}: {label}: {fault}"
        elif isinstance(document.spec, GuardrailSpec):
            for path, text in faults(document.spec.selector, {}):
                if not path.startswith("packs"):
                    yield f"{document.where(f'spec.selector.{path}')}: {label}: spec.selector.{path}: {text}"
            spec = document.spec
            known = tuple(name for name in spec.detectors if not name.startswith(f"{CUSTOM}/"))
            try:
                guardrail_of(document.name, msgspec.structs.replace(spec, detectors=known), detectors)
            except ValueError as error:
                yield f"{document.where('spec.detectors')}: {label}: spec.detectors: {error}"


def _lint(args: argparse.Namespace) -> int:
    documents = _documents(args.files)
    errors = list(lint_errors(documents))
    counts = {kind: sum(document.kind == kind for document in documents) for kind in ("Detector", "Guardrail")}
    if args.json:
        print(json.dumps({"detectors": counts["Detector"], "guardrails": counts["Guardrail"], "errors": errors}))
        return 1 if errors else 0
    if errors:
        raise Problem("\n".join(errors))
    if not any(counts.values()):
        raise Problem("these files hold no detector and no guardrail")
    print(f"{_counted(counts['Detector'], 'detector')} and {_counted(counts['Guardrail'], 'guardrail')} are right.")
    return 0


def _scan(args: argparse.Namespace) -> int:
    if args.file == "-" and "-" in args.own:
        raise Problem("standard input can be either the file or the detectors, not both", exit_code=2)
    found = dlp_scan.scan(dlp_scan.read(args.file), _chosen(args), show_values=args.show_values)
    if args.json:
        print(json.dumps([msgspec.to_builtins(one) for one in found], ensure_ascii=False))
        return 0
    if not found:
        print("Nothing was found.")
        return 0
    head = "VALUE" if args.show_values else "MASKED"
    rows = [[one.detector, one.severity, one.place, ", ".join(one.layers), one.value or one.masked] for one in found]
    print(table(["DETECTOR", "SEVERITY", "PLACE", "WITHIN", head], [[clean(cell) for cell in row] for row in rows]))
    return 0


def _bench(args: argparse.Namespace) -> int:
    timed = dlp_bench.timed(_chosen(args))
    if args.json:
        print(json.dumps([msgspec.to_builtins(one) for one in timed]))
        return 0
    rows = [[one.detector, f"{one.mb_per_s:.0f}" if one.mb_per_s >= 10 else f"{one.mb_per_s:.2f}", str(one.found)] for one in timed]
    print(table(["DETECTOR", "MB/S", "FOUND"], rows))
    return 0


def _detectors(args: argparse.Namespace) -> int:
    known = _known(args.own)
    if args.json:
        print(json.dumps([msgspec.to_builtins(one) for one in (*known.values(), *KINDS.values())], ensure_ascii=False))
        return 0
    rows = [[one.id, one.severity, one.title, "a word nearby" if one.context else ""] for one in known.values()]
    rows += [[kind.id, kind.severity, kind.title, "Presidio"] for kind in KINDS.values()]
    print(table(["DETECTOR", "SEVERITY", "FINDS", "NEEDS"], [[clean(cell) for cell in row] for row in rows]))
    return 0


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _chosen(args: argparse.Namespace) -> list[Detector]:
    known = _known(args.own)
    patterns = [word.strip() for word in args.detectors.split(",") if word.strip()]
    try:
        return [known[name] for name in select(patterns, known)]
    except ValueError as error:
        raise Problem(str(error), exit_code=2) from error


def _known(files: list[str]) -> dict[str, Detector]:
    documents = [document for document in _documents(files) if document.kind == "Detector"]
    if errors := list(lint_errors(documents)):
        raise Problem("\n".join(errors))
    return all_detectors({document.name: document.spec for document in documents})


def _documents(files: list[str]) -> list[Document]:
    found: list[Document] = []
    problems: list[str] = []
    for text in (text for name in files for text in read_files(name)):
        try:
            found += parse_documents(text["text"], text["source"])
        except DocumentError as error:
            problems += error.problems
    if problems:
        raise Problem("\n".join(problems))
    check_distinct(found)
    return found
