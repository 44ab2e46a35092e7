"""Writes what docs/ says of the code from the code: docs/record.md, and tables between markers in other pages.

Runs in the environment (`python3 run.py docs`); with --check it writes nothing and fails when a page is not up to date.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import msgspec.inspect as types

from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.detector import Detector
from gatebook.dlp.names import KINDS as NAME_KINDS
from gatebook.dlp.validators import VALIDATORS
from gatebook.index.rows import CallRow
from gatebook.query.fields import table as search_fields
from gatebook.reading.exports_rows import COLUMNS
from gatebook.record.docs import render
from gatebook.record.views.ocsf_1_8 import MAPPING
from gatebook.settings import Settings
from gatebook.state.connectors import ConnectorSpec
from gatebook.state.documents import KINDS
from scripts import cli_page

DOCS = Path(__file__).resolve().parent.parent / "docs"
RECORD = DOCS / "record.md"
CLI = DOCS / "cli.md"
MIB = 1024 * 1024


@dataclass(frozen=True)
class Field:
    """One field of a tree of structs: its name from the root, what it takes, its default, and its description."""

    name: str
    takes: str
    default: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table that is made from code: the page it stands in, its name in the markers there, its source, and its lines."""

    page: Path
    name: str
    source: str
    lines: Callable[[], list[str]]

    @property
    def markers(self) -> tuple[str, str]:
        """The lines before and after the table."""
        return f"<!-- {self.name}: made by `python3 run.py docs` from {self.source} -->", f"<!-- end of {self.name} -->"

    def text(self) -> str:
        """The table with its markers."""
        begin, end = self.markers
        return "\n".join([begin, *self.lines(), end])

    def put_into(self, page: str) -> str:
        """Return the text of a page with the table between its markers made anew. Raises ValueError when the page has no markers."""
        begin, end = self.markers
        before, found, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found or not found_end:
            raise ValueError(f"{self.page.name} lacks the markers of {self.name}")
        return f"{before}{self.text()}{after}"


def settings() -> list[Field]:
    """Return each deployment setting."""
    return list(_fields("", types.type_info(Settings)))


def connector_fields() -> list[Field]:
    """Return each field of the resource Connector."""
    return fields_of(ConnectorSpec)


def fields_of(spec: type[msgspec.Struct]) -> list[Field]:
    """Return each field of a kind of resource; those of the items of a list as `spec.tests[].person`."""
    return list(_fields("spec.", types.type_info(spec)))


def _settings_lines() -> list[str]:
    rows = [
        f"| `{field.name}` | `GATEBOOK_{field.name.replace('.', '_').upper()}` | {field.default} | {field.description} |"
        for field in settings()
    ]
    return ["| setting | environment | default | meaning |", "|---|---|---|---|", *rows]


def _export_lines() -> list[str]:
    info = types.type_info(CallRow)
    assert isinstance(info, types.StructType)
    described = {field.name: (_plain_kind(field.type), _description(field.type)) for field in info.fields}
    return [
        "| column | type | meaning |",
        "|---|---|---|",
        *(f"| `{name}` | {described[name][0]} | {described[name][1]} |" for name in COLUMNS),
    ]


def _plain_kind(kind: types.Type) -> str:
    inner = kind.type if isinstance(kind, types.Metadata) else kind
    names = {types.StrType: "text", types.IntType: "integer", types.BoolType: "true or false", types.VarTupleType: "list"}
    return names[type(inner)]


def _ocsf_lines() -> list[str]:
    return ["| field of the record | field of the event |", "|---|---|", *(f"| `{native}` | {target} |" for native, target in MAPPING)]


def _kind_lines(kind: str) -> list[str]:
    rows = [f"| `{field.name}` | {field.takes} | {field.default} | {field.description} |" for field in fields_of(KINDS[kind].spec)]
    return ["| field | takes | default | meaning |", "|---|---|---|---|", *rows]


def _detector_lines() -> list[str]:
    rows = [f"| `{one.id}` | {one.title} | {one.severity} | {_needs(one)} |" for one in BUILT_IN.values()]
    return ["| detector | finds | severity | needs |", "|---|---|---|---|", *rows]


def _name_lines() -> list[str]:
    rows = [f"| `{kind.id}` | `{kind.entity}` | {kind.title} | {kind.severity} |" for kind in NAME_KINDS.values()]
    return ["| detector | entity | finds | severity |", "|---|---|---|---|", *rows]


def _needs(detector: Detector) -> str:
    return "a word nearby: " + ", ".join(detector.context) if detector.context else ""


def _validator_lines() -> list[str]:
    return [", ".join(f"`{name}`" for name in sorted(VALIDATORS)) + "."]


TABLES = (
    Table(DOCS / "operations.md", "settings", "src/gatebook/settings.py", _settings_lines),
    Table(DOCS / "search.md", "fields", "src/gatebook/query/fields.py", lambda: search_fields().splitlines()),
    Table(DOCS / "exports.md", "columns of an export", "src/gatebook/index/rows.py", _export_lines),
    Table(DOCS / "exports.md", "mapping to OCSF 1.8", "src/gatebook/record/views/ocsf_1_8.py", _ocsf_lines),
    Table(DOCS / "connectors.md", "fields of a connector", "src/gatebook/state/connectors.py", lambda: _kind_lines("Connector")),
    Table(
        DOCS / "sign-in.md",
        "fields of an identity provider",
        "src/gatebook/state/identity_providers.py",
        lambda: _kind_lines("IdentityProvider"),
    ),
    Table(DOCS / "policies.md", "fields of a policy", "src/gatebook/state/policies.py", lambda: _kind_lines("Policy")),
    Table(DOCS / "policies.md", "fields of a tool pack", "src/gatebook/state/policies.py", lambda: _kind_lines("ToolPack")),
    Table(DOCS / "policies.md", "fields of governance", "src/gatebook/state/governance.py", lambda: _kind_lines("Governance")),
    Table(DOCS / "clients.md", "fields of AI clients", "src/gatebook/state/ai_clients.py", lambda: _kind_lines("AiClients")),
    Table(DOCS / "roles.md", "fields of a role", "src/gatebook/state/roles.py", lambda: _kind_lines("Role")),
    Table(DOCS / "guardrails.md", "fields of a guardrail", "src/gatebook/state/guardrails.py", lambda: _kind_lines("Guardrail")),
    Table(DOCS / "guardrails.md", "fields of a detector", "src/gatebook/state/guardrails.py", lambda: _kind_lines("Detector")),
    Table(DOCS / "guardrails.md", "checksums", "src/gatebook/dlp/validators.py", _validator_lines),
    Table(DOCS / "guardrails.md", "built-in detectors", "src/gatebook/dlp/catalog.py", _detector_lines),
    Table(DOCS / "guardrails.md", "kinds of names", "src/gatebook/dlp/names.py", _name_lines),
)


def pages() -> dict[Path, str]:
    """Return every page that is made from code, as it should be."""
    wanted = {RECORD: render(), CLI: cli_page.render()}
    for table in TABLES:
        wanted[table.page] = table.put_into(wanted.get(table.page) or table.page.read_text())
    return wanted


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check compare them."""
    stale = {path: text for path, text in pages().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        print(f"docs/{path.name}: {'not up to date' if '--check' in arguments else 'written'}")
        if "--check" not in arguments:
            path.write_text(text)
    return 1 if stale and "--check" in arguments else 0


def _fields(prefix: str, info: types.Type) -> Iterator[Field]:
    assert isinstance(info, types.StructType)
    for field in info.fields:
        name = f"{prefix}{field.encode_name}"
        kind = _bare(field.type)
        if isinstance(kind, types.StructType):
            yield from _fields(f"{name}.", kind)
            continue
        yield Field(name, _takes(kind), _default(field), _description(field.type))
        inner, within = _inner(kind), "[]" if isinstance(kind, types.VarTupleType) else ""
        if inner is not None:
            yield from _fields(f"{name}{within}.", inner)


def _bare(kind: types.Type) -> types.Type:
    return _bare(kind.type) if isinstance(kind, types.Metadata) else kind


def _inner(kind: types.Type) -> types.StructType | None:
    """Return the struct that a field holds a list of, or may be."""
    if isinstance(kind, types.VarTupleType):
        inner = _bare(kind.item_type)
    elif isinstance(kind, types.UnionType):
        inner = next((one for one in map(_bare, kind.types) if isinstance(one, types.StructType)), types.NoneType())
    else:
        return None
    return inner if isinstance(inner, types.StructType) else None


def _description(kind: types.Type) -> str:
    if isinstance(kind, types.Metadata) and kind.extra_json_schema:
        return str(kind.extra_json_schema.get("description", ""))
    return ""


def _takes(kind: types.Type) -> str:
    """Say in a word what a field takes."""
    match kind:
        case types.Metadata():
            return _takes(kind.type)
        case types.LiteralType():
            return ", ".join(f"`{value}`" for value in kind.values)
        case types.UnionType():
            return " or ".join(_takes(one) for one in kind.types if not isinstance(one, types.NoneType))
        case types.VarTupleType():
            return "list"
        case types.DictType() | types.StructType():
            return "map"
        case types.BoolType():
            return "true or false"
        case types.IntType() | types.FloatType():
            return "number"
        case _:
            return "text"


def _default(field: types.Field) -> str:
    if field.required:
        return "**required**"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, int) and not isinstance(value, bool) and value >= MIB and value % MIB == 0:
        return f"{value} ({value // MIB} MiB)"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "empty" if value in ("", (), {}) else f"{', '.join(value) if isinstance(value, tuple) else value}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
