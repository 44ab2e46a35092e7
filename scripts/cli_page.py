"""The page docs/cli.md, made from the parsers of the command line: every verb, what it takes, and its examples."""

import argparse
from collections.abc import Iterator

from gatebook.cli.main import VERBS, build_parser

_COMMON = ("data", "config", "debug", "help")
_HEAD = """# The command line

<!-- Made by `python3 run.py docs` from src/gatebook/cli. Do not edit. -->

`gatebook VERB`. Every verb takes `--data DIR` (data directory), `--config FILE` (settings file), `--debug` (whole traceback of an error) and
`--help`. Exit code: 0 done, 1 it did not work, 2 the command was wrong.

`search`, `show`, `tail`, `trends`, `grants` and `export` read the book through the running keeper, with its [API](api.md); each reading is on the record.
Without a keeper `search`, `show`, `trends`, `grants`, `policy replay` and `dlp backtest` read it themselves.
A table fits the terminal; in a pipe it has all columns whole.
Colour is for terminals only; `NO_COLOR` switches it off. What a tool or a person wrote cannot steer the terminal: such characters are written
out, as `\\x1b`. `--json` prints what programs read.
"""


def render() -> str:
    """Return the page."""
    lines = [_HEAD, "| verb | does |", "|---|---|"]
    lines += [f"| [`{name}`](#gatebook-{name}) | {text} |" for name, text in VERBS.items()]
    (verbs,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, parser in verbs.choices.items():
        lines += ["", *_verb(f"gatebook {name}", parser)]
    return "\n".join(lines) + "\n"


def _verb(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {name}" if name.count(" ") == 1 else f"### {name}"
    if parser.description:
        yield from ("", parser.description)
    own = [action for action in parser._actions if action.dest not in _COMMON and action.help != argparse.SUPPRESS]
    inner = [action for action in own if isinstance(action, argparse._SubParsersAction)]
    rows = [f"| {_cell(_form(action))} | {_cell(action.help or '')} |" for action in own if action not in inner]
    if rows:
        yield from ("", "| takes | meaning |", "|---|---|", *rows)
    if parser.epilog:
        title, _, examples = parser.epilog.strip("\n").partition("\n")
        body = [line[2:] if line.startswith("  ") else line for line in examples.splitlines() if line.strip()]
        yield from ("", "```sh", *body, "```") if title == "examples:" else ("", parser.epilog.strip())
    for action in inner:
        for verb, one in action.choices.items():
            yield ""
            yield from _verb(f"{name} {verb}", one)


def _form(action: argparse.Action) -> str:
    takes = "" if action.nargs == 0 else " " + _value(action)
    if not action.option_strings:
        return f"`{_value(action)}`"
    return (
        ", ".join(f"`{option}`" for option in action.option_strings[:-1])
        + (", " if len(action.option_strings) > 1 else "")
        + f"`{action.option_strings[-1]}{takes}`"
    )


def _value(action: argparse.Action) -> str:
    if action.metavar:
        name = action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar)
    else:
        name = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    if action.nargs == "?":
        return f"[{name}]"
    return f"[{name} …]" if action.nargs == "*" else f"{name} …" if action.nargs == "+" else name


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("%%", "%").replace("<", "&lt;")
