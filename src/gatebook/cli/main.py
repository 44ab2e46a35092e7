"""Entry of the command line: finds the verb, loads only its module, turns errors into sentences.

A module of a verb has `arguments(parser)`, which adds its own arguments, and `run(args) -> int`, which returns the exit code:
0 done, 1 it did not work, 2 the command was wrong. `args.data` and `args.config` are for `read_settings(args)`.
"""

import argparse
import importlib
import importlib.util
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from gatebook import __version__
from gatebook.settings import Settings, SettingsError, load

VERBS: dict[str, str] = {
    "up": "start everything on this machine: one keeper and the workers",
    "init": "make the data directory, its secrets and its state",
    "apply": "create and change resources from YAML files",
    "get": "show resources",
    "delete": "delete a resource",
    "history": "show all versions of a resource: who changed what, when and why",
    "rollback": "make an earlier version of a resource the newest one",
    "changes": "decide about changes that wait for a second person",
    "token": "create, list, revoke and check access tokens",
    "accounts": "service accounts, and who answers for them",
    "cut-off": "end all that a person has, on every worker",
    "receipts": "what cut-offs ended, and when each worker refused",
    "client": "add, list, disable and remove AI clients that sign people in",
    "directory": "show how the directory stands, hand a person over to it",
    "scim": "create, list and revoke the tokens of a directory such as Okta or Entra",
    "policy": "check policies, and ask what they decide and why",
    "tools": "what connectors list, what changed in it, and who approved it",
    "dlp": "find sensitive data in a file, check and time detectors",
    "connector": "set or take away the shared secret of a connector",
    "connections": "how many people have connected an account, by connector",
    "credential-keys": "list and exchange the keys that seal credentials",
    "approvals": "decide about calls that wait for an approval",
    "access": "decide about requests for access",
    "role": "what roles show of the log, and what somebody sees",
    "grants": "who may call which tools and who does, and what nobody uses",
    "bootstrap": "make a one-time link to the console",
    "status": "show what the running keeper does",
    "search": "find calls in the book",
    "show": "show one call",
    "tail": "follow calls as they are recorded",
    "export": "write calls to a file: CSV, NDJSON, Parquet or OCSF",
    "trends": "show what changes over time: violations, latency, who rises",
    "verify": "check that the log is whole and unchanged",
    "index": "rebuild the search index from the log",
    "demo": "start everything with sample connectors and traffic",
    "config": "show the deployment settings",
    "keeper": "run the keeper alone (`up` does it)",
    "worker": "run one gateway worker alone (`up` does it)",
}


class Problem(Exception):
    """Something that the person at the command line can understand and act on; shown as one sentence, without a traceback."""

    def __init__(self, text: str, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb = next((word for word in words if word in VERBS), None)
    parser = build_parser(only=verb)
    args = parser.parse_args(words)
    if not getattr(args, "run", None):
        parser.print_help()
        return 2
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except Exception as error:
        if args.debug:
            raise
        print(f"gatebook {args.verb}: {_sentence(error)}", file=sys.stderr)
        return error.exit_code if isinstance(error, Problem) else 1


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of all verbs; with `only`, the arguments of that verb alone are loaded, because each module costs time."""
    parser = argparse.ArgumentParser(prog="gatebook", description="A gateway for MCP that keeps the book of every AI tool call.")
    parser.add_argument("--version", action="version", version=f"gatebook {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, text in VERBS.items():
        module_name = f"gatebook.cli.{name.replace('-', '_')}"
        if importlib.util.find_spec(module_name) is None:
            continue
        verb = verbs.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        add_common(verb)
        verb.set_defaults(data=None, config=None, debug=False)
        if only in (None, name):
            module = importlib.import_module(module_name)
            module.arguments(verb)
            verb.set_defaults(run=module.run)
    return parser


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every verb has; a verb with verbs of its own adds them to each of those too, so that they may stand anywhere."""
    suppress = argparse.SUPPRESS
    parser.add_argument("--data", type=Path, default=suppress, metavar="DIR", help="data directory (default: the setting data_dir)")
    parser.add_argument(
        "--config", type=Path, default=suppress, metavar="FILE", help="settings file (default: gatebook.toml in the data directory)"
    )
    parser.add_argument("--debug", action="store_true", default=suppress, help="show the whole traceback of an error")


def read_settings(args: argparse.Namespace) -> Settings:
    """The settings that `--data`, `--config` and the environment lead to. Raises Problem."""
    try:
        return load(args.config, data_dir=args.data)
    except SettingsError as error:
        raise Problem(str(error), exit_code=2) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or f"{type(error).__name__} (run it with --debug to see where)"


if __name__ == "__main__":
    sys.exit(main())
