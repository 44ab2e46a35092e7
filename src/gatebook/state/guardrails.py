"""The resource kinds `Guardrail`, what happens to sensitive data in arguments and responses, and `Detector`, what a company itself calls sensitive."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from gatebook.policy.access import RESERVED
from gatebook.policy.selectors import Selector
from gatebook.record.parts import Severity
from gatebook.state.parts import Part
from gatebook.state.policies import NAME, NAME_FAULT, Names

PATTERN_CHARACTERS_MAX = 2000


class GuardrailSpec(Part, frozen=True, kw_only=True):
    """What a document of kind Guardrail says under `spec`."""

    detectors: Annotated[
        Annotated[Names, Meta(min_length=1)],
        Meta(description="What is looked for: detectors such as `pii/iban`, or patterns such as `secret/*`."),
    ]
    action: Annotated[
        Literal["log", "redact", "mask_last4", "hash", "block"],
        Meta(description="log, redact, mask_last4 (the last four characters stay), hash (the same token for the same value) or block."),
    ]
    parts: Annotated[
        Annotated[tuple[Literal["arguments", "response"], ...], Meta(min_length=1)], Meta(description="Where: arguments, response or both.")
    ] = ("arguments", "response")
    description: Annotated[str, Meta(description="What it is for.", max_length=2000)] = ""
    mode: Annotated[Literal["enforce", "observe"], Meta(description="observe: changes nothing, but each record says what was found.")] = (
        "enforce"
    )
    min_count: Annotated[Annotated[int, Meta(ge=1, le=1_000_000)], Meta(description="Applies only from so many finds in one payload.")] = 1
    selector: Annotated[Selector, Meta(description="Whose calls of which tools; all when left out.")] = Selector()
    severity: Annotated[Severity | None, Meta(description="low, medium, high or critical; that of the detector when left out.")] = None
    reason: Annotated[str, Meta(description="Sentence for the caller.", max_length=500)] = ""


class DetectorSpec(Part, frozen=True, kw_only=True):
    """What a document of kind Detector says under `spec`. Its id is `custom/<name>`, with `_` for each `-` of the name."""

    pattern: Annotated[
        Annotated[str, Meta(min_length=1, max_length=PATTERN_CHARACTERS_MAX)],
        Meta(description="Regular expression in the syntax of RE2; a group named `value` is the value when that is not all of it."),
    ]
    title: Annotated[str, Meta(description="Name for people.", max_length=200)] = ""
    probe: Annotated[
        Annotated[str, Meta(max_length=PATTERN_CHARACTERS_MAX)] | None,
        Meta(description="Cheaper expression that matches wherever the pattern can, for speed."),
    ] = None
    validator: Annotated[str | None, Meta(description="Checksum or check that a value must pass, such as credit_card.")] = None
    context: Annotated[Names, Meta(description="Words of which one must stand near.")] = ()
    severity: Annotated[Severity, Meta(description="low, medium, high or critical.")] = "medium"
    examples: Annotated[Annotated[Names, Meta(min_length=1)], Meta(description="Texts in which it must be found.")] = ()
    non_examples: Annotated[Names, Meta(description="Texts in which it must not be found.")] = ()


def guardrail_faults(name: str, spec: GuardrailSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say."""
    if not NAME.match(name):
        yield "name", NAME_FAULT
    elif name in RESERVED:
        yield "name", f"is kept for what is no guardrail: {', '.join(RESERVED)}"


def detector_faults(name: str, spec: DetectorSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say."""
    if not NAME.match(name):
        yield "name", NAME_FAULT
    if not spec.examples:
        yield "spec.examples", "holds no text in which it is found"
