"""Whether resources fit together, before they are stored."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from gatebook.policy.request import Hints
from gatebook.state import changes
from gatebook.state.changes import Author
from gatebook.state.checking import Draft
from gatebook.state.definitions import Known, Listing, note_listing
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.store import Store

AUTHOR = Author(name="root", at_us=1, reason=None)
CRM = """\
kind: Connector
name: crm
spec: {transport: http, url: https://crm.example/mcp, allow: {groups: [sales]}}
"""
POLICY = """\
kind: Policy
name: no-exports
spec:
  effect: deny
  selector: {connectors: [crm], tools: ["export_*"]}
  when: "args.?limit.orValue(0) > 100"
  reason: Too many.
  tests:
    - {person: ann, groups: [sales], connector: crm, tool: export_all, args: {limit: 500}, expect: deny, by: no-exports}
    - {person: ann, groups: [sales], connector: crm, tool: export_all, args: {limit: 5}, expect: allow}
"""
GUARDRAIL = """\
kind: Guardrail
name: cards
spec:
  detectors: [credit_card]
  action: redact
"""
DETECTOR = """\
kind: Detector
name: employee
spec:
  pattern: 'E-[0-9]{6}'
  examples: [E-104233]
  non_examples: [E-1042]
"""
PACK = "kind: ToolPack\nname: exports\nspec: {tools: {crm: ['export_*']}}\n"
DEFINITION = '{"name": "export_all", "inputSchema": {"type": "object", "properties": {"limit": {}}}, "annotations": {"readOnlyHint": true}}'


@pytest.fixture
def stored(store: Store) -> Store:
    """A state with the connector crm, which has listed one tool."""
    put(store, CRM)
    with store.write() as connection:
        note_listing(connection, Listing(connector="crm", tools={"export_all": "h1"}, at_us=1), {"h1": DEFINITION}, known)
    return store


def known(tool: str, hash: str) -> Known:
    """Return a definition that waits."""
    return Known(connector="crm", tool=tool, hash=hash, definition=DEFINITION, state="pending", seen_us=1)


def put(store: Store, *texts: str) -> None:
    """Store documents without a check."""
    with store.write() as connection:
        for change in changes.plan(connection, parse_documents("---\n".join(texts), "stored.yaml")):
            changes.write(connection, change, AUTHOR)


def check(connection: Connection, *texts: str, deleted: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Check documents as one file; return warnings."""
    return Draft(connection, parse_documents("---\n".join(texts), "p.yaml"), deleted).check()


def errors(store: Store, *texts: str, deleted: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Return what is wrong with documents, or with deleting resources."""
    with store.read() as connection, pytest.raises(DocumentError) as caught:
        check(connection, *texts, deleted=deleted)
    return caught.value.problems


def warnings(store: Store, *texts: str) -> list[str]:
    """Return what deserves a look."""
    with store.read() as connection:
        return check(connection, *texts)


def test_what_fits_has_no_errors_and_no_warnings(stored: Store) -> None:
    """A policy with tests, a guardrail, a detector and a tool pack that is used."""
    assert warnings(stored, POLICY, GUARDRAIL, DETECTOR, PACK) == []


def test_a_test_that_fails_is_named_with_its_line(stored: Store) -> None:
    """What was expected, what came, and which rule decided."""
    (problem,) = errors(stored, POLICY.replace("{limit: 5}, expect: allow", "{limit: 5}, expect: deny"))
    assert problem == (
        "p.yaml:10: Policy no-exports: spec.tests[1]: test 2: "
        "expected deny for export_all of crm by ann, was allow by connector/crm:allow.groups[sales]"
    )


def test_a_policy_can_make_the_test_of_another_one_fail(stored: Store) -> None:
    """Tests hold for all policies together: a new one that breaks the promise of one in force is refused."""
    put(stored, POLICY)
    (problem,) = errors(stored, "kind: Policy\nname: nothing\nspec: {effect: deny, reason: Closed.}\n")
    assert problem.startswith("Policy no-exports: spec.tests[1]: test 2: expected allow") and problem.endswith("was deny by nothing")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("args.?limit.orValue(0) > 100", "arg.limit > 100",
         "p.yaml:6: Policy no-exports: spec.when: undeclared reference to 'arg.limit' (in container '') (line 1, column 4 of it)"),
        ("args.?limit.orValue(0) > 100", "args.limit",
         "p.yaml:6: Policy no-exports: spec.when: the condition must be true or false; this is of type DYN: compare it, as in args.x == true"),
        ("args.?limit.orValue(0) > 100", "args.name.matches('(?=a)')",
         "p.yaml:6: Policy no-exports: spec.when: this regular expression cannot be read (RE2: no look-around, no back-references) "
         "(line 1, column 19 of it)"),
        ("connectors: [crm]", "networks: [10.0.0.1/8]",
         "p.yaml:5: Policy no-exports: spec.selector.networks[0]: '10.0.0.1/8' is not a network such as 10.0.0.0/8"),
        ("connectors: [crm]", "times: [{zone: Mars/Olympus}]",
         "p.yaml:5: Policy no-exports: spec.selector.times[0].zone: 'Mars/Olympus' is not a time zone such as Europe/Berlin"),
        ("connectors: [crm]", "packs: [expots]", "p.yaml:5: Policy no-exports: spec.selector.packs[0]: there is no tool pack 'expots'"),
        ("reason:", "limit: {per_s: 60}\n  reason:",
         "p.yaml:7: Policy no-exports: spec.limit: needs exactly one of calls_max, arguments_bytes_max and response_bytes_max"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_policy_is_named_with_its_line(stored: Store, old: str, new: str, expected: str) -> None:
    """Conditions that do not compile, regular expressions, networks, time zones, packs and limits."""
    assert errors(stored, POLICY.replace(old, new)) == [expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[crm]", "[crn]", "p.yaml:5: Policy no-exports: spec.selector.connectors: there is no connector 'crn'; did you mean 'crm'?"),
        ('"export_*"', "exprt_all", "p.yaml:5: Policy no-exports: spec.selector.tools: there is no tool 'exprt_all'; did you mean 'export_all'?"),
        ("args.?limit", "args.?limt", "p.yaml:6: Policy no-exports: spec.when: no selected tool has the argument 'limt'; did you mean 'limit'?"),
        ("  reason: Too many.\n", "", "p.yaml:3: Policy no-exports: spec.reason: is empty: whoever is denied is told no reason"),
    ],
)  # fmt: skip
def test_what_only_deserves_a_look_is_a_warning(stored: Store, old: str, new: str, expected: str) -> None:
    """Names that nobody knows yet may come; the nearest known one stands beside them."""
    text = POLICY.replace(old, new).partition("  tests:")[0] + "  tests: [{person: x, connector: y, tool: z, expect: deny}]\n"
    assert expected in warnings(stored, text)


def test_warnings_are_about_what_is_looked_at(stored: Store) -> None:
    """Applying one policy does not repeat what deserves a look in others; asked about all that is stored, all is told."""
    put(stored, "kind: Policy\nname: bare\nspec: {effect: deny, selector: {tools: [x]}}\n")
    assert warnings(stored, POLICY) == []
    told = warnings(stored)
    assert "Policy bare: spec.tests: has no test" in told and all(warning.startswith("Policy bare: ") for warning in told)


def test_a_guardrail_with_an_unknown_detector_is_refused(stored: Store) -> None:
    """File, line, the unknown name and the nearest one; the same for a policy that redacts."""
    (problem,) = errors(stored, GUARDRAIL.replace("credit_card", "credit_crad"))
    assert problem == "p.yaml:4: Guardrail cards: spec.detectors: There is no detector 'credit_crad'. Did you mean 'credit_card'?"
    policy = "kind: Policy\nname: masked\nspec:\n  effect: redact\n  redact: [pii/ibam]\n"
    assert errors(stored, policy) == ["p.yaml:5: Policy masked: spec.redact: There is no detector 'pii/ibam'. Did you mean 'pii/iban'?"]


def test_names_that_nobody_looks_for_are_a_warning(stored: Store) -> None:
    """A guardrail that names them while Presidio is off or looks for others, and Presidio without a guardrail; not where all fits together."""
    rail = "kind: Guardrail\nname: people\nspec: {detectors: [ner/person, ner/nrp], action: redact}\n"
    looks = "kind: Governance\nname: default\nspec: {presidio: {connectors: [crm], entities: [PERSON]}}\n"
    (off,) = warnings(stored, rail)
    assert off.startswith("p.yaml:3: Guardrail people: spec.detectors: never finds ner/nrp, ner/person: Presidio is off")
    assert "never finds ner/nrp: Presidio does not look for them" in warnings(stored, rail, looks)[0]
    (idle,) = warnings(stored, looks)
    assert idle.startswith("p.yaml:3: Governance default: spec.presidio: no guardrail and no policy names any of its kinds")
    policy = "kind: Policy\nname: r\nspec: {effect: redact, redact: [ner/person]}\n"
    assert not [one for one in warnings(stored, looks, policy) if "presidio" in one]
    assert warnings(stored, rail.replace("ner/person, ner/nrp", "'ner/*'"), looks) == []
    assert warnings(stored, rail.replace(", ner/nrp", ""), looks) == []
    assert warnings(stored, rail.replace("[ner/person, ner/nrp]", "['*']"), looks) == []


def test_a_guardrail_is_told_apart_from_a_policy(stored: Store) -> None:
    """Two rules of one name, one of each kind, would be one name in a record."""
    (problem,) = errors(stored, POLICY, GUARDRAIL.replace("cards", "no-exports"))
    assert problem == "p.yaml:13: Guardrail no-exports: name: a policy has this name too; a record could not tell them apart"
    assert errors(stored, GUARDRAIL + "  selector: {packs: [nothing]}\n") == [
        "p.yaml:6: Guardrail cards: spec.selector.packs[0]: there is no tool pack 'nothing'"
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[E-1042]", "[E-999999]", "The counter-example 'E-999999' is found."),
        ("[E-104233]", "[E-10423]", "The example 'E-10423' is not found."),
        ("E-[0-9]{6}", "E-[0-9", "The pattern does not compile: unterminated character set at position 2."),
        ("E-[0-9]{6}", "(?=E)E-[0-9]{6}", "The pattern uses '(?=', which RE2 and Hyperscan do not know."),
        ("E-[0-9]{6}", "(E*)*", "The pattern repeats a group that repeats itself, which can take very long on hostile text."),
        ("E-[0-9]{6}", "(E-[0-9]{6})?", "The pattern matches empty text."),
        ("examples: [E-104233]", "examples: [E-104233]\n  validator: lun", "There is no validator 'lun'."),
        ("examples: [E-104233]", "examples: [E-104233]\n  validator: credit_crad",
         "There is no validator 'credit_crad'. Did you mean 'credit_card'?"),
    ],
)  # fmt: skip
def test_a_detector_that_is_wrong_is_refused(stored: Store, old: str, new: str, expected: str) -> None:
    """Its examples must be found, its counter-examples must not, and its pattern must be safe."""
    assert errors(stored, DETECTOR.replace(old, new, 1)) == [f"p.yaml:3: Detector employee: spec: {expected}"]


def test_what_others_use_is_not_deleted(stored: Store) -> None:
    """A tool pack that a policy selects, a detector that a guardrail or a policy looks for; unused they may go."""
    put(stored, PACK, DETECTOR)
    with stored.read() as connection:
        assert check(connection, deleted=[("ToolPack", "exports"), ("Detector", "employee")]) == []
    put(
        stored,
        POLICY.replace("connectors: [crm]", "packs: [exports]"),
        GUARDRAIL.replace("credit_card", "custom/employee"),
        "kind: Policy\nname: masked\nspec: {effect: redact, redact: [custom/employee]}\n",
    )
    assert errors(stored, deleted=[("ToolPack", "exports")]) == [
        "Policy no-exports: spec.selector.packs[0]: there is no tool pack 'exports'"
    ]
    unknown = "There is no detector 'custom/employee'."
    found = errors(stored, deleted=[("Detector", "employee")])
    assert [problem.partition(" Did")[0] for problem in found] == [
        f"Guardrail cards: spec.detectors: {unknown}",
        f"Policy masked: spec.redact: {unknown}",
    ]


def test_all_errors_are_told_at_once(stored: Store) -> None:
    """A policy, a guardrail and a detector that are wrong give three lines."""
    found = errors(
        stored, POLICY.replace("> 100", "> "), GUARDRAIL.replace("credit_card", "x9"), DETECTOR.replace("[E-1042]", "[E-999999]")
    )
    assert [problem.split(": ")[1] for problem in found] == ["Policy no-exports", "Detector employee", "Guardrail cards"]


def test_hints_are_those_that_tools_have_given(stored: Store) -> None:
    """Of the definition that was approved, else of the last one seen."""
    with stored.read() as connection:
        assert Draft(connection).hints() == {"crm": {"export_all": Hints(read_only=True)}}
