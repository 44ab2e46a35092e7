"""docs/policies.md, docs/guardrails.md and docs/tools.md name all there is, and what they show works."""

import re
from typing import Any, get_args, get_type_hints

import pytest

from gatebook.cli import dlp, policy
from gatebook.cli.main import build_parser
from gatebook.dlp.catalog import BUILT_IN
from gatebook.dlp.guardrail import GuardAction
from gatebook.dlp.names import KINDS as NAME_KINDS
from gatebook.dlp.names import UNREAD
from gatebook.dlp.validators import VALIDATORS
from gatebook.gateway import pinning
from gatebook.policy import arguments
from gatebook.policy.cel_cpp import CelCpp
from gatebook.policy.engine import VARIABLES
from gatebook.policy.rules import RuleEffect
from gatebook.state import policies
from gatebook.state.checking import Draft
from gatebook.state.connectors import ConnectorSpec
from gatebook.state.documents import KINDS, Document, parse_documents
from gatebook.state.store import Store
from scripts import docs
from tests.structure.checkout import ROOT

DOCS = ROOT / "docs"
POLICIES, GUARDRAILS, TOOLS = ((DOCS / f"{name}.md").read_text() for name in ("policies", "guardrails", "tools"))
PAGE_OF = {"Policy": POLICIES, "ToolPack": POLICIES, "Governance": POLICIES, "Guardrail": GUARDRAILS, "Detector": GUARDRAILS,
           "Role": (DOCS / "roles.md").read_text(),
           "Connector": (DOCS / "connectors.md").read_text(), "AiClients": (DOCS / "clients.md").read_text(),
           "IdentityProvider": (DOCS / "sign-in.md").read_text()}  # fmt: skip


def documents(page: str) -> list[Document]:
    """Return all resources that a page shows."""
    return [one for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) for one in parse_documents(text, "page")]


def choices(struct: type, name: str) -> tuple[Any, ...]:
    """Return the values that a field takes."""
    return get_args(get_type_hints(struct)[name])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_of_every_kind_is_in_its_table(kind: str) -> None:
    """With a description; the fields of parts and of items of lists too."""
    fields = docs.fields_of(KINDS[kind].spec)
    assert fields and not [field.name for field in fields if not field.description]
    assert not [field.name for field in fields if f"| `{field.name}` |" not in PAGE_OF[kind]]


def test_every_kind_has_a_page_with_an_example() -> None:
    """A kind that is added needs a page; each page shows a document of it."""
    assert set(KINDS) == set(PAGE_OF)
    assert not [kind for kind, page in PAGE_OF.items() if kind not in {document.kind for document in documents(page)}]


@pytest.mark.parametrize("effect", get_args(RuleEffect))
def test_every_effect_of_a_policy_has_a_row(effect: str) -> None:
    """What it does with a call."""
    assert re.search(rf"^\| `{effect}` \| \w+ \| .+ \|$", POLICIES, re.MULTILINE)


@pytest.mark.parametrize("action", get_args(GuardAction))
def test_every_action_of_a_guardrail_has_a_row(action: str) -> None:
    """What happens to a value."""
    assert re.search(rf"^\| `{action}` \| \d \| .+ \|$", GUARDRAILS, re.MULTILINE)


@pytest.mark.parametrize("detector", BUILT_IN)
def test_every_detector_has_a_row(detector: str) -> None:
    """With what it finds."""
    assert f"| `{detector}` | {BUILT_IN[detector].title} | {BUILT_IN[detector].severity} |" in GUARDRAILS


@pytest.mark.parametrize("kind", NAME_KINDS)
def test_every_kind_of_name_has_a_row(kind: str) -> None:
    """With what the model calls it."""
    assert f"| `{kind}` | `{NAME_KINDS[kind].entity}` |" in GUARDRAILS and f"`{UNREAD}`" in GUARDRAILS


def test_every_checksum_is_named() -> None:
    """Those that a detector of one's own may ask for."""
    assert not [name for name in VALIDATORS if f"`{name}`" not in GUARDRAILS]


@pytest.mark.parametrize("mode", choices(ConnectorSpec, "tool_approval"))
def test_every_way_of_approving_tools_has_a_row(mode: str) -> None:
    """What it means for the first listing and for later ones."""
    assert re.search(rf"^\| `{mode}`.* \| .+ \| .+ \|$", TOOLS, re.MULTILINE)


def test_the_rule_of_pins_is_named_as_records_name_it() -> None:
    """Somebody who searches for it finds the page."""
    assert f"`{pinning.RULE}`" in TOOLS


def test_variables_and_functions_of_conditions_are_those_of_the_engine() -> None:
    """Each in a row, and no other; each function can be called."""
    named = re.findall(r"^\| `([a-z_]+)` \|", POLICIES.partition("| variable |")[2].partition("| function |")[0], re.MULTILINE)
    assert tuple(named) == VARIABLES
    functions = re.findall(r"^\| `([a-z_]+)\(", POLICIES.partition("| function |")[2], re.MULTILINE)
    assert functions == ["domain", "in_cidr", "glob"]
    engine = CelCpp()
    for source in ("domain(email) == ''", "in_cidr(source_ip, '10.0.0.0/8')", "glob(tool, '*')"):
        engine.compile(source)


def test_the_limits_of_conditions_are_the_limits() -> None:
    """The figures in the sentence are those of the code."""
    (line,) = re.findall(r"^A condition has at most ([\d,]+) characters and reads at most (\d+) KiB .* (\d+) deep; .* ([\d,]+) items\.$",
                         POLICIES, re.MULTILINE)  # fmt: skip
    characters, kib, deep, items = (int(text.replace(",", "")) for text in line)
    assert characters == policies._WHEN_CHARACTERS_MAX
    assert (kib * 1024, deep, items) == (arguments.BYTES_MAX, arguments.DEPTH_MAX, arguments.ITEMS_MAX)


@pytest.mark.parametrize("page", [POLICIES, GUARDRAILS, TOOLS], ids=["policies", "guardrails", "tools"])
def test_the_examples_of_a_page_fit_together(page: str, store: Store) -> None:
    """Applied all at once they are accepted: their tests pass, their detectors find their examples."""
    with store.read() as connection:
        Draft(connection, documents(page)).check()


@pytest.mark.parametrize(("verb", "module"), [("policy", policy), ("dlp", dlp)])
def test_every_action_of_the_command_line_is_shown(verb: str, module: Any) -> None:
    """Each verb of `gatebook policy` stands in the one page, of `gatebook dlp` in the other, as it is typed."""
    parser = build_parser(only=verb)
    (verbs,) = (action for action in parser._actions if action.dest == "verb")
    (actions,) = (action for action in verbs.choices[verb]._actions if action.dest == "action")  # type: ignore[index]
    assert module.run is not None and len(actions.choices) >= 4  # type: ignore[arg-type]
    assert not [name for name in actions.choices if f"gatebook {verb} {name}" not in POLICIES + GUARDRAILS]  # type: ignore[union-attr]


def test_the_word_of_each_concept_is_in_the_glossary() -> None:
    """One word for one thing."""
    glossary = (DOCS / "glossary.md").read_text()
    words = ("policy", "effect", "guardrail", "action", "detector", "finding", "tool pack", "grant", "approval", "access request",
             "definition", "pin", "canary", "observe")  # fmt: skip
    assert not [word for word in words if f"**{word}**" not in glossary]
