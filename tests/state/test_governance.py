"""The one document that all policies and guardrails have in common."""

import pytest

from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.governance import GovernanceSpec

TEXT = "kind: Governance\nname: default\nspec:\n  default: deny\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: default", "name: other", "g.yaml:2: Governance other: name: there is one document of this kind; its name is default"),
        ("default: deny", "default: denied",
         "g.yaml:4: Governance default: spec.default: invalid enum value 'denied'; did you mean 'deny'?"),
        ("default: deny", "default: no", "g.yaml:4: Governance default: spec.default: expected `str`, got `bool`"),
        ("default: deny", "scan: {time_budget_ms: 0}", "g.yaml:4: Governance default: spec.scan.time_budget_ms: expected `int` >= 1"),
        ("default: deny", "presidio: {model: ../model}",
         "g.yaml:4: Governance default: spec.presidio.model: is neither the name of a package, such as en_core_web_sm, nor an absolute path"),
        ("default: deny", "presidio: {entities: [PERSONS]}",
         "g.yaml:4: Governance default: spec.presidio.entities.0: invalid enum value 'PERSONS'; did you mean 'PERSON'?"),
        ("default: deny", "toxic_flows: {labels: {crm: [destructive]}}",
         "g.yaml:4: Governance default: spec.toxic_flows.labels: 'crm' is not `connector/tool`"),
        ("default: deny", "toxic_flows: {labels: {crm/get: [harmless]}}",
         "g.yaml:4: Governance default: spec.toxic_flows.labels.0: invalid enum value 'harmless'; "
         "it is one of destructive, external_sink, private_source, untrusted_source"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place(old: str, new: str, expected: str) -> None:
    """File, line, field, and what is wrong with it."""
    with pytest.raises(DocumentError) as caught:
        parse_documents(TEXT.replace(f"{old}\n", f"{new}\n"), "g.yaml")
    assert caught.value.problems == [expected]


def test_without_the_document_everything_has_its_default() -> None:
    """What nobody has written down: granted calls go through, no canaries, no names, one mebibyte is scanned."""
    unwritten = GovernanceSpec()
    assert (unwritten.presidio.connectors, unwritten.presidio.parts, unwritten.presidio.on_failure) == ((), ("response",), "block")
    assert (unwritten.default, unwritten.canaries.connectors, unwritten.scan.payload_bytes_max) == ("allow", (), 1 << 20)
