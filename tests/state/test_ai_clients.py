"""The one document that says how AI clients may sign in."""

import pytest

from gatebook.state.ai_clients import AiClientsSpec
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.store import Store

TEXT = "kind: AiClients\nname: default\nspec:\n  access_minutes: 10\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: default", "name: other", "a.yaml:2: AiClients other: name: there is one document of this kind; its name is default"),
        ("access_minutes: 10", "access_minutes: 61", "a.yaml:4: AiClients default: spec.access_minutes: expected `int` <= 60"),
        ("access_minutes: 10", "assertion_hosts: ['https://a.example']",
         "a.yaml:4: AiClients default: spec.assertion_hosts: 'https://a.example' is not the name of a host, such as claude.ai"),
        ("access_minutes: 10", "registrations: true", "a.yaml:4: AiClients default: spec.registrations: unknown field; did you mean 'registration'?"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place(old: str, new: str, expected: str) -> None:
    """Line, path, what is wrong, and the nearest valid name."""
    with pytest.raises(DocumentError) as error:
        parse_documents(TEXT.replace(old, new), "a.yaml")
    assert error.value.problems == [expected]


def test_without_a_document_the_defaults_are_in_force(store: Store) -> None:
    """Short tokens, both ways to get known, no public client with an assertion."""
    assert store.snapshot().ai_clients == AiClientsSpec()
    assert (AiClientsSpec().access_minutes, AiClientsSpec().registration, AiClientsSpec().assertion_hosts) == (15, True, ())
