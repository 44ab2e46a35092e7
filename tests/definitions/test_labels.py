"""Labels come from people, then from the catalogue, then from hints; what is unknown counts as dangerous."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.labels import DESTRUCTIVE, PRIVATE, SINK, UNREVIEWED, UNTRUSTED, bits, labels_of, names, verb_of

hints = st.dictionaries(
    st.sampled_from(["readOnlyHint", "destructiveHint", "openWorldHint"]), st.booleans() | st.none() | st.just("yes"), max_size=3
)


@given(st.integers(0, 15))
def test_names_and_bits_are_two_ways_to_say_it(some: int) -> None:
    """Each set of labels has both."""
    assert bits(names(some)) == some


def test_a_label_that_does_not_exist_is_refused() -> None:
    """With those that do."""
    with pytest.raises(ValueError, match="There is no label public; there are untrusted_source"):
        bits(["public"])


@pytest.mark.parametrize(
    ("connector", "tool", "labels"),
    [
        ("acme-github", "list_issues", UNTRUSTED | PRIVATE),
        ("github", "create_issue", SINK),
        ("github", "delete_file", SINK | DESTRUCTIVE),
        ("Gmail", "search_threads", UNTRUSTED | PRIVATE),
        ("gmail", "send_message", SINK),
        ("slack_eu", "conversations_history", UNTRUSTED | PRIVATE),
        ("slack_eu", "chat_post_message", SINK),
        ("filesystem", "read_text_file", PRIVATE),
        ("filesystem", "write_file", DESTRUCTIVE),
        ("git", "git_commit", 0),
        ("git", "git_reset", DESTRUCTIVE),
        ("git", "git_push", SINK),
        ("time", "convert_time", 0),
        ("fetch", "fetch", UNTRUSTED | SINK),
        ("snowflake", "run_query", PRIVATE | DESTRUCTIVE),
        ("snowflake", "describe_table", PRIVATE),
        ("salesforce", "update_record", 0),
        ("hubspot", "get_send_log", UNTRUSTED | PRIVATE),
        ("remote-shell", "ls", UNTRUSTED | PRIVATE | SINK | DESTRUCTIVE),
    ],
)
def test_the_catalogue_knows_connectors_by_the_words_of_their_names(connector: str, tool: str, labels: int) -> None:
    """And tools by the first verb in theirs."""
    assert names(labels_of(connector, tool, {})) == names(labels)


@given(st.text(alphabet="qxz", min_size=1, max_size=5), st.text(max_size=8), hints)
def test_an_unknown_server_counts_as_the_first_three(connector: str, tool: str, annotations: dict[str, Any]) -> None:
    """Whatever it says of itself takes none of them away."""
    assert labels_of(connector, tool, annotations) & UNREVIEWED == UNREVIEWED


@pytest.mark.parametrize(
    ("annotations", "labels"),
    [
        ({}, UNTRUSTED | PRIVATE | SINK | DESTRUCTIVE),
        ({"readOnlyHint": True}, UNTRUSTED | PRIVATE),
        ({"readOnlyHint": True, "openWorldHint": False}, PRIVATE),
        ({"openWorldHint": False}, PRIVATE | DESTRUCTIVE),
        ({"destructiveHint": False}, UNTRUSTED | PRIVATE | SINK),
        ({"readOnlyHint": "yes"}, UNTRUSTED | PRIVATE | SINK | DESTRUCTIVE),
    ],
)
def test_a_reviewed_server_is_believed(annotations: dict[str, Any], labels: int) -> None:
    """Hints that it does not give count as the protocol says."""
    assert labels_of("acme", "thing", annotations, reviewed=True) == labels


def test_a_hint_can_add_that_a_tool_destroys() -> None:
    """Known or not; but not for a tool that only reads."""
    assert labels_of("github", "list_issues", {"destructiveHint": True}) == UNTRUSTED | PRIVATE | DESTRUCTIVE
    assert labels_of("acme", "thing", {"destructiveHint": True, "readOnlyHint": True}) == UNREVIEWED


def test_what_people_decided_comes_first() -> None:
    """The first pattern that fits decides alone, even that there is no label."""
    overrides = {"github/list_*": (), "github/*": ("private_source",), "acme/?": ("destructive",)}
    assert labels_of("github", "list_issues", {"destructiveHint": True}, overrides) == 0
    assert labels_of("github", "create_issue", {}, overrides) == PRIVATE
    assert labels_of("acme", "x", {}, overrides) == DESTRUCTIVE
    assert labels_of("acme", "xy", {}, overrides) == UNREVIEWED


@pytest.mark.parametrize(("tool", "verb"), [("get_send_log", "get"), ("chatPostMessage", "post"), ("ls", None), ("undeleted", None)])
def test_the_verb_is_the_first_word_that_does_something(tool: str, verb: str | None) -> None:
    """Parts of words do not count."""
    assert verb_of(tool) == verb
