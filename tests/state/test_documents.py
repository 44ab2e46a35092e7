"""Resources as YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.state.documents import DocumentError, check_distinct, parse_documents

CRM = """\
kind: Connector
name: crm
spec:
  transport: http
  url: https://crm.example/mcp
  headers: {X-Api-Key: env:CRM_KEY}
  allow: {groups: [sales]}
"""


def problems(text: str) -> list[str]:
    """Return what is wrong with a file."""
    with pytest.raises(DocumentError) as caught:
        parse_documents(text, "c.yaml")
    return caught.value.problems


def test_documents_are_read_and_written_alike() -> None:
    """Reading what was written gives the same resource, and writing it again the same text."""
    document = parse_documents(CRM, "c.yaml")[0]
    again = parse_documents(document.yaml, "again")[0]
    assert (again.kind, again.name, again.spec) == (document.kind, document.name, document.spec)
    assert again.yaml == document.yaml


def test_several_documents_and_empty_ones() -> None:
    """A file may hold many; empty documents between them are nothing."""
    found = parse_documents(f"---\n---\n{CRM}---\n{CRM.replace('name: crm', 'name: hr')}---\n", "c.yaml")
    assert [document.name for document in found] == ["crm", "hr"]
    assert parse_documents("", "c.yaml") == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("allow:", "alow:", "c.yaml:7: Connector crm: spec.alow: unknown field; did you mean 'allow'?"),
        ("{groups", "{gruops", "c.yaml:7: Connector crm: spec.allow.gruops: unknown field; did you mean 'groups'?"),
        ("[sales]", "[sales, on]", "c.yaml:7: Connector crm: spec.allow.groups.1: expected `str`, got `bool`"),
        ("env:CRM_KEY", "hunter2", "c.yaml:6: Connector crm: spec.headers.X-Api-Key: looks like a secret; write env:NAME or file:/path, "
         "so that the secret itself is not stored"),
        ("kind: Connector", "kind: Conector", "c.yaml:1: unknown kind 'Conector'; did you mean 'Connector'?"),
        ("name: crm", "name: crm\nspce: 1", "c.yaml:3: Connector crm: unknown field 'spce'; did you mean 'spec'?"),
        ("name: crm", "name: 7", "c.yaml:1: Connector: name: must be text"),
        ("name: crm", "name: crm\nname: hr", "c.yaml:3: 'name' is given twice"),
        ("{groups: [sales]}", "&a {groups: &b [x], people: *b}", "c.yaml:7: aliases (&name, *name) are not accepted"),
        ("transport: http", "transport: [", "c.yaml:6: not YAML: expected ',' or ']', but got ':'"),
        ("[sales]", "[!!python/name:os.system x]", "c.yaml:7: not plain YAML: could not determine a constructor for the tag "
         "'tag:yaml.org,2002:python/name:os.system'"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_path_and_nearest_name(old: str, new: str, expected: str) -> None:
    """What is wrong is said in one line that leads to its place, and never repeats a secret."""
    assert problems(CRM.replace(old, new)) == [expected]


def test_all_mistakes_are_told_at_once() -> None:
    """Two wrong documents give two problems, each with its own line."""
    wrong = CRM.replace("name: crm", "name: a__b").replace("https:", "ftp:")
    found = problems(f"{wrong}---\n{CRM.replace('allow', 'alow')}")
    assert len(found) == 3
    assert found[2].startswith("c.yaml:15:")


def test_one_resource_twice_is_refused() -> None:
    """Which of the two should count is not guessed."""
    documents = parse_documents(f"{CRM}---\n{CRM}", "c.yaml")
    with pytest.raises(DocumentError, match=r"c.yaml:9: Connector crm is already at c.yaml:1"):
        check_distinct(documents)


def test_values_that_yaml_cannot_make_are_refused() -> None:
    """A date that does not exist and nesting without end are mistakes of the file, not of the program."""
    assert "cannot be read" in problems(CRM.replace("[sales]", "[2024-99-99]"))[0]
    assert "not YAML" in problems("[" * 100_000)[0]


@given(text=st.text(max_size=200) | st.text(alphabet="-:{}[]&*! \nkinds", max_size=100))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes it fail in another way than with its own error."""
    try:
        parse_documents(text, "any")
    except DocumentError as error:
        assert error.problems
