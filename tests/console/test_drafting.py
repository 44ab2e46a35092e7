"""The draft that a form carries: read back as it was written, and nothing taken on trust."""

import pytest

from gatebook.console.drafting import EXAMPLES, Draft, read_draft, without_document
from gatebook.state.ai_clients import AiClientsSpec
from gatebook.state.documents import parse_documents


def test_a_draft_comes_back_as_the_form_held_it() -> None:
    """Lines end as they began, versions and what shall go are read back."""
    draft = Draft(kind="Guardrail", name="one", text="a\nb\n", deleted="Guardrail/one,Detector/two", bases={"Guardrail/one": 3}, days=30)
    fields = {"kind": "Guardrail", "name": "one", "text": "a\r\nb\r\n", "deleted": draft.deleted, "bases": draft.bases_text, "days": "30"}
    assert read_draft(fields) == draft
    assert draft.deletions == (("Guardrail", "one"), ("Detector", "two"))
    assert draft.edit.bases == {"Guardrail/one": 3} and draft.edit.deletions == draft.deletions


@pytest.mark.parametrize(
    ("fields", "draft"),
    [
        ({}, Draft()),
        ({"kind": "Nothing", "days": "8", "bases": "[]"}, Draft()),
        ({"bases": '{"Policy/one": "x"}', "deleted": "Policy"}, Draft(deleted="Policy")),
        ({"bases": '{"Policy/one": 1}', "rebase": "1"}, Draft()),
        ({"reason": "  why  "}, Draft(reason="why")),
    ],
)
def test_what_cannot_be_read_counts_as_not_said(fields: dict[str, str], draft: Draft) -> None:
    """Hidden fields that somebody changed lead to an empty draft, not to an error."""
    assert read_draft(fields) == draft
    assert read_draft(fields).deletions == ()


def test_drafts_are_told_apart() -> None:
    """By their text and by what they delete."""
    digests = {Draft(text="a").digest, Draft(text="b").digest, Draft(text="a", deleted="Policy/b").digest}
    assert len(digests) == 3 and Draft(text="a", reason="why").digest in digests


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_examples_are_of_their_kind_and_fit_the_editor(kind: str) -> None:
    """One document each, observed where that is possible, and no line that is cut at the usual width."""
    (document,) = parse_documents(EXAMPLES[kind], "example")
    assert document.kind == kind and getattr(document.spec, "mode", "observe") == "observe"
    assert max(map(len, EXAMPLES[kind].splitlines())) <= 80


def test_the_rules_for_ai_clients_begin_with_what_holds_without_them() -> None:
    """Whoever opens them for the first time reads the defaults, each of them."""
    (document,) = parse_documents(without_document("AiClients", "default"), "example")
    assert document.spec == AiClientsSpec()
    assert all(f"  {name}:" in EXAMPLES["AiClients"] for name in AiClientsSpec.__struct_fields__)
    assert without_document("AiClients", "other") == without_document("Policy", "default") == ""


@pytest.mark.parametrize(
    ("draft", "title"),
    [
        (Draft(), "New policy"),
        (Draft(kind="ToolPack", name="exports"), "Edit tool pack exports"),
        (Draft(name="one", deleted="Policy/one"), "Delete policy one"),
    ],
)
def test_a_draft_has_a_title(draft: Draft, title: str) -> None:
    """What is done to what."""
    assert draft.title == title
