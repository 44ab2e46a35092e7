"""What the pages promise that can be checked: examples that are accepted, tables that name all there is, files that exist."""

import ast
import json
import re

import pytest
import yaml

from gatebook.cli.main import VERBS
from gatebook.gateway import headers, wire
from gatebook.query.groups import GROUPS, MEANING
from gatebook.state.documents import parse_documents
from gatebook.state.roles import BUILT_IN, EMPLOYEE
from tests.structure.checkout import ROOT, SOURCE

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
CODES = {name: value for name, value in vars(wire).items() if name.isupper() and isinstance(value, int) and value < 0}


def _text(name: str) -> str:
    return (DOCS / name).read_text()


def _fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_are_what_they_say(page: object) -> None:
    """JSON in a page is JSON, and YAML is documents that Gatebook accepts."""
    text = page.read_text()  # type: ignore[attr-defined]
    for example in _fenced(text, "json"):
        assert isinstance(json.loads(example), dict)
    for example in _fenced(text, "yaml"):
        assert parse_documents(example, "example")


def test_the_examples_of_connectors_show_each_transport() -> None:
    """There is an example to copy for http, sse and stdio."""
    documents = [one for example in _fenced(_text("connectors.md"), "yaml") for one in yaml.safe_load_all(example)]
    assert {document["spec"]["transport"] for document in documents} == {"http", "sse", "stdio"}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_each_code_of_the_gateway_is_in_the_table(name: str, code: int) -> None:
    """docs/clients.md has a row with the code and its name for each error that the gateway itself gives."""
    assert f"| {code} | `{name}` |" in _text("clients.md")


def test_the_table_of_codes_has_no_other() -> None:
    """A code that was taken out of the code is taken out of the page."""
    assert {int(code) for code in re.findall(r"^\| (-3\d{4}) \|", _text("clients.md"), re.MULTILINE)} == set(CODES.values())


def test_the_versions_are_named() -> None:
    """Each protocol version that is served stands in the table for clients and in the README."""
    for version in (*headers.LEGACY_VERSIONS, *headers.MODERN_VERSIONS):
        assert version in _text("clients.md") and version in (ROOT / "README.md").read_text()


def test_the_headers_that_go_on_are_named() -> None:
    """docs/security.md lists exactly the headers that are passed on to a connector."""
    (line,) = re.findall(r"^From a client to a connector: (.*)\. Nothing else\.$", _text("security.md"), re.MULTILINE)
    named = set(re.findall(r"`([^`]+)`", line))
    sent = [(name.encode(), b"x") for name in named - {"mcp-param-*"}] + [(b"mcp-param-any", b"x")]
    others = [
        (name, b"x") for name in (b"authorization", b"cookie", b"origin", b"host", b"x-forwarded-for", b"mcp-session-id", b"user-agent")
    ]
    assert headers.forwarded(dict(sent + others)) == sent
    assert {name.decode() for name in headers._FORWARDED} == named - {"mcp-param-*"}


def test_each_built_in_role_is_described_with_whom_it_is_bound_to() -> None:
    """docs/roles.md has a row for each, which says whose calls every group of fields is shown of."""
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", _text("roles.md"), re.MULTILINE)
    told = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows if name in BUILT_IN}
    assert set(told) == set(BUILT_IN)
    for name, role in BUILT_IN.items():
        bound = "everybody" if name == EMPLOYEE else ", ".join(f"`{group}`" for group in role.groups)
        singles = ", ".join(f"`{field}`" for field in role.fields)
        scopes = [role.grants.get(group, "–") for group in GROUPS]
        assert told[name] == [bound, *([f"{singles}: all"] if singles else scopes[:1]), *scopes[1:]], name


def test_each_group_of_fields_is_described() -> None:
    """With what belongs to it, in docs/roles.md."""
    assert all(f"| `{group}` | {MEANING[group]} |" in _text("roles.md") for group in GROUPS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_shown_somewhere(verb: str) -> None:
    """Each verb of the command line stands in a page, as it is typed."""
    assert any(f"gatebook {verb}" in page.read_text() for page in PAGES) or (
        verb == "demo" and "make demo" in (ROOT / "README.md").read_text()
    )


@pytest.mark.parametrize("page", [*PAGES, SOURCE / "gateway" / "README.md"], ids=lambda page: page.name)
def test_source_files_that_are_named_exist(page: object) -> None:
    """A page that names `package/module.py` names one that is there."""
    named = set(re.findall(r"`((?:[a-z0-9_]+/)*[a-z0-9_]+\.py)`", page.read_text()))  # type: ignore[attr-defined]
    places = (SOURCE, SOURCE / "gateway", ROOT)
    assert not {name for name in named - {"verify.py", "run.py"} if not any((place / name).exists() for place in places)}


def test_each_package_is_in_the_architecture() -> None:
    """docs/architecture.md describes each package of the source."""
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    page = _text("architecture.md")
    assert not {name for name in packages if not re.search(rf"\b{name}/", page)}


def test_pictures_are_small() -> None:
    """A clone stays small: no picture above 250 kB, and the README's is there."""
    pictures = list((DOCS / "images").glob("*"))
    assert "explorer-light.png" in {path.name for path in pictures}
    assert not [path.name for path in pictures if path.stat().st_size > 250_000]


def _calls(module: str, function: str) -> list[str]:
    """Return the names of what a function of the gateway calls, in the order of the text."""
    tree = ast.parse((SOURCE / "gateway" / f"{module}.py").read_text())
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}
    nodes = [node for node in ast.walk(functions[function]) if isinstance(node, ast.Call)]
    ordered = sorted(nodes, key=lambda node: (node.lineno, node.col_offset))
    return [node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "") for node in ordered]


ORDER = (
    ("call", "serve", ("patiently", "use", "take_place", "_record_start", "_dispatch")),
    ("call", "_dispatch", ("_exchange", "finish", "_release")),
    ("call", "_exchange", ("find", "send", "final", "relay")),
    ("prepare", "prepare", ("plan", "of", "look_at_arguments", "check", "arguments")),
    ("plan", "_decided", ("fitting", "decide", "standing")),
    ("answers", "final", ("of_answer", "response")),
)


@pytest.mark.parametrize(("module", "function", "order"), ORDER)
def test_the_order_of_a_call_is_that_of_the_code(module: str, function: str, order: tuple[str, ...]) -> None:
    """The steps stand in the code in the order in which docs/architecture.md tells them."""
    called = _calls(module, function)
    assert list(order) == sorted(order, key=called.index)


def test_the_steps_of_a_call_are_told_in_order() -> None:
    """docs/architecture.md numbers the steps, and names the files in the order in which a call comes through them."""
    steps = re.findall(r"^\| (\d+)\. .*$", _text("architecture.md"), re.MULTILINE)
    assert [int(step) for step in steps] == list(range(1, len(steps) + 1))
    page = _text("architecture.md").partition("## The life of one call")[2]
    files = (
        "prepare",
        "governing",
        "pinning",
        "guarding",
        "approving",
        "gate",
        "recorder",
        "legs",
        "relay",
        "outcome",
        "reply",
        "refusing",
    )
    places = [page.index(f"`gateway/{name}.py`") for name in files]
    assert places == sorted(places)
