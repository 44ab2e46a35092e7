"""Writes what docs/ says of the code from the code: docs/record.md and the table of settings in docs/operations.md.

Runs in the environment (`python3 run.py docs`); with --check it writes nothing and fails when a page is not up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec.inspect as types

from gatebook.record.docs import render
from gatebook.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "record.md"
OPERATIONS = ROOT / "docs" / "operations.md"
BEGIN = "<!-- settings: made by `python3 run.py docs` from src/gatebook/settings.py -->"
END = "<!-- end of settings -->"


def settings() -> Iterator[tuple[str, str, str]]:
    """Yield name, default and description of each deployment setting; an empty description is a mistake."""
    yield from _section("", types.type_info(Settings))


def settings_table() -> str:
    """Return the table, with its markers."""
    rows = [f"| `{name}` | `GATEBOOK_{name.replace('.', '_').upper()}` | {default} | {text} |" for name, default, text in settings()]
    return "\n".join([BEGIN, "| setting | environment | default | meaning |", "|---|---|---|---|", *rows, END])


def operations(page: str) -> str:
    """Return the page with the table between its markers made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{settings_table()}{after}"


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check compare them."""
    wanted = {RECORD: render(), OPERATIONS: operations(OPERATIONS.read_text())}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'not up to date' if '--check' in arguments else 'written'}")
        if "--check" not in arguments:
            path.write_text(wanted[path])
    return 1 if stale and "--check" in arguments else 0


def _section(prefix: str, info: types.Type) -> Iterator[tuple[str, str, str]]:
    assert isinstance(info, types.StructType)
    for field in info.fields:
        name = f"{prefix}{field.encode_name}"
        if isinstance(field.type, types.StructType):
            yield from _section(f"{name}.", field.type)
        else:
            yield name, _default(field.default), _description(field.type)


def _description(kind: types.Type) -> str:
    if isinstance(kind, types.Metadata) and kind.extra_json_schema:
        return str(kind.extra_json_schema.get("description", ""))
    return ""


def _default(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1024 * 1024 and value % (1024 * 1024) == 0:
        return f"{value} ({value // (1024 * 1024)} MiB)"
    if value in ("", ()):
        return "empty"
    return f"{value}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
