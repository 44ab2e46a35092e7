"""`gatebook policy`."""

import json
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from gatebook.cli import policy_replay
from gatebook.settings import Settings
from gatebook.state.definitions import Known, Listing, note_listing
from gatebook.state.store import Store
from tests.cli.conftest import Run
from tests.cli.recorded import keeper, record

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: https://crm.example/mcp, allow: {groups: [sales]}}\n"
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
"""


@pytest.fixture
def filled(gatebook: Run, data: Path, tmp_path: Path) -> Run:
    """A deployment with Ann of sales, and a connector that has listed three tools: one waits, one has a name that would steer a terminal."""
    (tmp_path / "crm.yaml").write_text(CRM)
    assert gatebook("apply", "-f", str(tmp_path / "crm.yaml"))[0] == 0
    assert gatebook("token", "create", "ann", "--groups", "sales")[0] == 0
    store = Store.open(Settings(data_dir=data).state_path)
    tools = {"export_all": "h1", "get\x1b[31m": "h2", "new_one": "h3"}
    with store.write() as connection:
        texts = {hash: json.dumps({"name": name}) for name, hash in tools.items()}
        note_listing(connection, Listing(connector="crm", tools=tools, at_us=1), texts, lambda tool, hash: _known(tool, hash, texts[hash]))
    store.close()
    return gatebook


def _known(tool: str, hash: str, definition: str) -> Known:
    """All but one are approved."""
    found = Known(connector="crm", tool=tool, hash=hash, definition=definition, state="pending", seen_us=1)
    return found if tool == "new_one" else replace(found, state="approved", decided_by="root", decided_us=1)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A file with a policy."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def test_lint_says_what_is_wrong_and_what_deserves_a_look(filled: Run, policy: Path) -> None:
    """Errors end it with 1 and name file and line; warnings do not. Nothing is stored."""
    assert filled("policy", "lint", str(policy)) == (0, "1 policy and 0 guardrails fit together; 0 warnings.\n", "")
    policy.write_text(POLICY.replace("[crm]", "[crn]").partition("  tests:")[0])
    code, output, _ = filled("policy", "lint", str(policy))
    assert code == 0
    assert f"warning: {policy}:5: Policy no-exports: spec.selector.connectors: there is no connector 'crn'; did you mean 'crm'?" in output
    assert output.endswith("1 policy and 0 guardrails fit together; 2 warnings.\n")
    policy.write_text(POLICY.replace("args.?limit", "arg.?limit"))
    code, output, errors = filled("policy", "lint", str(policy))
    assert (code, output) == (1, "") and errors.startswith(f"gatebook policy: {policy}:6: Policy no-exports: spec.when: undeclared")
    assert filled("get", "Policy")[1].count("no-exports") == 0


def test_lint_as_json(filled: Run, policy: Path) -> None:
    """For programs: warnings and counts."""
    found = json.loads(filled("policy", "lint", str(policy), "--json")[1])
    assert found == {"warnings": [], "policies": 1, "guardrails": 0, "tests": 1}


def test_the_tests_of_policies_are_run(filled: Run, policy: Path) -> None:
    """Passed ones are counted, a failed one is an error with file, line and what came, none at all is one too."""
    assert filled("policy", "test", str(policy)) == (0, "1 test of 1 policy passed.\n", "")
    assert json.loads(filled("policy", "test", str(policy), "--json")[1])["tests"] == 1
    code, _, errors = filled("policy", "test")
    assert code == 1 and "there is no test in these policies" in errors
    policy.write_text(POLICY.replace("expect: deny", "expect: allow"))
    code, output, errors = filled("policy", "test", str(policy))
    assert (code, output) == (1, "")
    assert f"{policy}:9: Policy no-exports: spec.tests[0]: test 1: expected allow by no-exports" in errors
    assert errors.endswith("was deny by no-exports\n")


def test_explain_says_why(filled: Run, policy: Path) -> None:
    """The decision in a line, then every rule with whether it matched; with a file as if it were applied."""
    words = ("policy", "explain", "ann", "crm/export_all", "--args", '{"limit": 500}')
    code, output, _ = filled(*words)
    assert code == 0 and output.startswith("allowed by connector/crm")
    code, output, _ = filled(*words, "-f", str(policy))
    lines = output.splitlines()
    assert code == 0 and lines[0] == "blocked by no-exports: Too many."
    assert lines[2].split() == ["MATCHED", "EFFECT", "RULE", "WHY"]
    assert ["yes", "deny", "no-exports"] in [line.split()[:3] for line in lines[3:]]
    found = json.loads(filled(*words, "-f", str(policy), "--json")[1])
    assert (found["decision"]["effect"], found["decision"]["rule"]) == ("blocked", "no-exports")


def test_explain_asks_whether_the_definition_is_approved(filled: Run) -> None:
    """A tool that waits for an administrator is blocked here as the gateway blocks it, and as `may` says."""
    code, output, _ = filled("policy", "explain", "ann", "crm/new_one")
    lines = output.splitlines()
    assert (code, lines[0]) == (0, "blocked by tool-definition: Its definition waits for an administrator.")
    assert lines[-1].split()[:3] == ["yes", "deny", "tool-definition"]
    lines = filled("policy", "explain", "ann", "crm/export_all")[1].splitlines()
    assert lines[-1].split()[:3] == ["no", "deny", "tool-definition"]


def test_explain_refuses_what_it_cannot_read(filled: Run) -> None:
    """A tool without its connector is a wrong command; a person who is not there and arguments that are no JSON are not."""
    assert filled("policy", "explain", "ann", "export_all")[0] == 2
    assert filled("policy", "explain", "eve", "crm/export_all")[0] == 1
    code, _, errors = filled("policy", "explain", "ann", "crm/export_all", "--args", "{")
    assert code == 1 and "the arguments are not JSON" in errors


def test_may_lists_what_a_person_may_do(filled: Run, policy: Path) -> None:
    """Tool by tool, a definition that waits included; a name from a connector does not steer the terminal."""
    code, output, _ = filled("policy", "may", "ann", "-f", str(policy))
    assert code == 0 and output.startswith("ann, groups: sales\n")
    rows = [line.split() for line in output.splitlines()[2:]]
    assert rows[0] == ["MAY", "CONNECTOR", "TOOL", "BY", "WHY"]
    assert {row[2] for row in rows[1:]} == {"export_all", "get\\x1b[31m", "new_one"} and "\x1b" not in output
    found = json.loads(filled("policy", "may", "ann", "-f", str(policy), "--json")[1])
    outcomes = {one["tool"]: one["outcome"] for one in found["tools"]}
    assert outcomes == {"export_all": "conditional", "get\x1b[31m": "allowed", "new_one": "denied"}
    assert found["tools"][-1]["rules"] == ["tool-definition"]


def test_may_without_any_known_tool_says_so(gatebook: Run) -> None:
    """An empty table would look like an answer."""
    gatebook("token", "create", "ann")
    code, _, errors = gatebook("policy", "may", "ann")
    assert code == 1 and "no connector has listed its tools yet" in errors


_REPLAYED = {
    "since_us": 1_793_000_000_000_000,
    "until_us": 1_793_600_000_000_000,
    "calls": 2000,
    "changed": 30,
    "undecided": 4,
    "transitions": [{"was": "allowed", "now": "blocked", "count": 30}],
    "by_rule": [{"value": "no-exports", "count": 30, "query": ""}],
    "by_person": [{"value": "ann\x1b[31m", "count": 30, "query": "person:ann"}],
    "by_tool": [{"value": "crm__export_all", "count": 30, "query": "connector:crm tool:export_all"}],
    "errors": {"no-exports": 2},
    "examples": [
        {
            "call": "c1",
            "was": "allowed",
            "was_by": "grant",
            "now": "blocked",
            "now_by": "no-exports",
            "person": "ann",
            "connector": "crm",
            "tool": "export_all",
        }
    ],
    "took_s": 0.4,
}


def test_a_replay_is_told_in_numbers_and_examples() -> None:
    """How many of how many, by policy, person and tool, with a search where the past knows the name; nothing steers the terminal."""
    text = "\n".join(policy_replay.lines(_REPLAYED, colour=False))
    assert text.startswith("30 of 2,000 calls would be decided differently (1.5 %)")
    for part in (
        "4 calls could not be replayed",
        "The condition of no-exports could not be answered for 2 calls",
        "tool:export_all",
        "allowed -> blocked",
    ):
        assert part in text
    assert "\x1b" not in text and "rule:no-exports" not in text


@pytest.fixture
def replayed(gatebook: Run, data: Path, tmp_path: Path) -> Run:
    """Calls of two people of eng in the book, a connector that is granted to eng, and a draft that takes one tool away."""
    (tmp_path / "crm.yaml").write_text(CRM.replace("sales", "eng"))
    assert gatebook("apply", "-f", str(tmp_path / "crm.yaml"))[0] == 0
    (tmp_path / "draft.yaml").write_text("kind: Policy\nname: no-lists\nspec: {effect: deny, selector: {tools: [list_*]}}\n")
    record(data)
    return gatebook


def test_a_replay_is_the_same_with_a_keeper_and_without(replayed: Run, data: Path, tmp_path: Path) -> None:
    """Without one, this process opens the book for that long."""
    words = ("policy", "replay", str(tmp_path / "draft.yaml"), "--since", "7d", "--json")
    code, output, _ = replayed(*words)
    alone = json.loads(output)
    assert code == 0 and (alone["calls"], alone["changed"]) == (3, 1)
    assert alone["transitions"] == [{"was": "allowed", "now": "blocked", "count": 1}] and alone["examples"][0]["person"] == "bob"
    with keeper(data):
        ends_s = time.monotonic() + 20
        while (beside := json.loads(replayed(*words)[1]))["calls"] < 3:
            assert time.monotonic() < ends_s, "the calls are not indexed"
            time.sleep(0.1)
    assert beside["by_tool"] == alone["by_tool"] and beside["changed"] == 1


def test_a_replay_of_what_cannot_be_says_why(replayed: Run, tmp_path: Path) -> None:
    """A draft with a mistake names its line, a range that is no time is refused before anything is read."""
    (tmp_path / "draft.yaml").write_text("kind: Policy\nname: no-lists\nspec: {effect: deni}\n")
    code, output, errors = replayed("policy", "replay", str(tmp_path / "draft.yaml"))
    assert (code, output) == (1, "") and "deni" in errors and "'deny'" in errors and "draft.yaml:3" in errors
    code, _, errors = replayed("policy", "replay", str(tmp_path / "draft.yaml"), "--since", "someday")
    assert code != 0 and "someday" in errors


def test_some_examples_of_each_kind_of_change_are_shown() -> None:
    """Twenty of the first would hide the second."""
    one = _REPLAYED["examples"][0]  # type: ignore[index]
    found = {**_REPLAYED, "examples": [one] * 20 + [{**one, "now": "pending"}]}
    text = "\n".join(policy_replay.lines(found, colour=False))
    assert text.count("allowed -> blocked") == 5 and text.count("allowed -> pending") == 1
