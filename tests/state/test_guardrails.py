"""Guardrails and detectors as documents."""

import pytest

from gatebook.state.documents import DocumentError, parse_documents

GUARDRAIL = """\
kind: Guardrail
name: no-secrets
spec:
  detectors: ["secret/*"]
  action: block
"""
DETECTOR = """\
kind: Detector
name: employee
spec:
  pattern: 'E-\\d{6}'
  examples: [E-104233]
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (GUARDRAIL, "block", "stop", "g.yaml:5: Guardrail no-secrets: spec.action: invalid enum value 'stop'; "
         "it is one of block, hash, log, mask_last4, redact"),
        (GUARDRAIL, "action:", "acton:", "g.yaml:5: Guardrail no-secrets: spec.acton: unknown field; did you mean 'action'?"),
        (GUARDRAIL, '["secret/*"]', "[]", "g.yaml:4: Guardrail no-secrets: spec.detectors: expected `array` of length >= 1"),
        (GUARDRAIL, "action: block", "action: block\n  parts: [header]", "g.yaml:6: Guardrail no-secrets: spec.parts.0: invalid enum value 'header'; "
         "it is one of arguments, response"),
        (GUARDRAIL, "no-secrets", "no_secrets",
         "g.yaml:2: Guardrail no_secrets: name: must be 1 to 63 of a-z, 0-9 and -, and must begin with a letter or digit"),
        (GUARDRAIL, "no-secrets", "toxic-flow",
         "g.yaml:2: Guardrail toxic-flow: name: is kept for what is no guardrail: default-deny, gateway, tool-definition, toxic-flow, canary"),
        (DETECTOR, "[E-104233]", "[]", "g.yaml:5: Detector employee: spec.examples: expected `array` of length >= 1"),
        (DETECTOR, "  examples: [E-104233]\n", "", "g.yaml:3: Detector employee: spec.examples: holds no text in which it is found"),
        (DETECTOR, "pattern:", "patern:", "g.yaml:4: Detector employee: spec.patern: unknown field; did you mean 'pattern'?"),
        (DETECTOR, "employee", "Employee",
         "g.yaml:2: Detector Employee: name: must be 1 to 63 of a-z, 0-9 and -, and must begin with a letter or digit"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place(text: str, old: str, new: str, expected: str) -> None:
    """File, line, field, and what is wrong with it."""
    with pytest.raises(DocumentError) as caught:
        parse_documents(text.replace(old, new, 1), "g.yaml")
    assert caught.value.problems == [expected]


def test_a_guardrail_looks_both_ways_and_enforces_unless_told_otherwise() -> None:
    """What is not written is the strict reading."""
    (document,) = parse_documents(GUARDRAIL, "g.yaml")
    assert (document.spec.parts, document.spec.mode, document.spec.min_count) == (("arguments", "response"), "enforce", 1)
