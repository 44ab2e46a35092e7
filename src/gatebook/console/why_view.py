"""What the page "Why?" shows: the call as it could come, the decision in a sentence, and all that was asked. Pure."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.looks import EFFECTS, Look
from gatebook.console.people_view import Ruling, ruling
from gatebook.console.times import RangeError, iso, parse_time
from gatebook.definitions.characters import visible
from gatebook.definitions.telling import one_line
from gatebook.policy.explain import Step
from gatebook.policy.functions import read_address
from gatebook.reading.people_facts import Explained
from gatebook.reading.people_room import Recorded
from gatebook.reading.permissions import Asked

FORM_ARGUMENTS_BYTES_MAX = 32 * 1024
"""Longer arguments of a call are decided about, and not put into the form."""
_KINDS = {
    "person": "Person",
    "connector": "Connector",
    "pack": "Tool pack",
    "grant": "Access for a time",
    "rule": "Policy",
    "default": "Default",
    "definition": "Definition",
}
_EFFECTS = {
    "allow": "Allows",
    "deny": "Denies",
    "require_approval": "Asks for an approval",
    "redact": "Redacts",
    "alert_only": "Only alerts",
}
_MATCHED = {
    "allow": Look(outcome="ok", shape="ok", word="Matches"),
    "deny": Look(outcome="blocked", shape="blocked", word="Matches"),
    "redact": Look(outcome="redacted", shape="redacted", word="Matches"),
    "require_approval": Look(outcome="other", shape="clock", word="Matches"),
    "alert_only": Look(outcome="other", shape="ok", word="Matches"),
}
_MISSED = Look(outcome="other", shape="not", word="Does not match")


class Form(Struct, frozen=True, kw_only=True):
    """The fields as they were written. `at` empty: now. `call`: the call that it began with."""

    connector: str
    tool: str
    arguments: str = "{}"
    client: str = ""
    source_ip: str = "127.0.0.1"
    at: str = ""
    call: str = ""


class FormError(ValueError):
    """A field cannot be read; the text is a sentence for people."""


class StepLine(Struct, frozen=True, kw_only=True):
    """One thing that was asked."""

    kind: str
    ruling: Ruling
    effect: str
    look: Look
    why: str
    decided: bool


class WhyView(Struct, frozen=True, kw_only=True):
    """The answer."""

    look: Look
    sentence: str
    reason: str
    bundle: str
    steps: list[StepLine]
    partial: bool


def form_of(fields: Mapping[str, str]) -> Form:
    """The form as it was sent; what is missing is as in a new one."""
    known = {name: fields[name] for name in Form.__struct_fields__ if name in fields}
    return Form(**{"connector": "", "tool": "", **known})


def form_of_call(recorded: Recorded, key: str) -> Form:
    """The form that a recorded call begins with; `key` stands for its tool."""
    asked = recorded.asked
    return Form(
        connector=asked.connector,
        tool=key,
        arguments=_laid_out(asked.arguments) if len(asked.arguments) <= FORM_ARGUMENTS_BYTES_MAX else "{}",
        client=asked.client,
        source_ip=asked.source_ip,
        at=iso(asked.at_us),
        call=recorded.call,
    )


def asked_of(form: Form, now_us: int) -> Asked:
    """The call of a form. Raises FormError."""
    try:
        is_object = isinstance(msgspec.json.decode(form.arguments), dict)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise FormError(f"The arguments are not JSON: {error}.") from None
    if not is_object:
        raise FormError('The arguments must be an object, such as {"limit": 5}.')
    try:
        read_address(form.source_ip.strip())
    except ValueError:
        raise FormError(f"{one_line(form.source_ip, 60)!r} is not an address; write one such as 10.0.0.7.") from None
    try:
        at_us = parse_time(form.at.strip()) if form.at.strip() else now_us
    except RangeError as error:
        raise FormError(str(error)) from None
    return Asked(
        connector=form.connector,
        tool=form.tool,
        arguments=form.arguments.encode(),
        client=form.client,
        source_ip=form.source_ip.strip(),
        at_us=at_us,
    )


def why_view(found: Explained, reads_all: bool) -> WhyView:
    """The view of an explanation."""
    about = found.connector, found.tool
    return WhyView(
        look=EFFECTS[found.effect],
        sentence=found.sentence,
        # What definitions and activity come to stands in the sentence.
        reason="" if found.kind in ("definition", "person") else visible(found.reason or ""),
        bundle=found.bundle,
        steps=[_line(step, found.rule, about, reads_all) for step in found.steps],
        partial=found.partial,
    )


def _line(step: Step, rule: str, about: tuple[str, str], reads_all: bool) -> StepLine:
    return StepLine(
        kind=_KINDS[step.kind],
        ruling=ruling(step.id, step.kind, about, reads_all),
        effect=_EFFECTS[step.effect],
        look=_MATCHED[step.effect] if step.matched else _MISSED,
        why=one_line(step.why, 4 * NAME_CHARACTERS_MAX),
        decided=step.id == rule,
    )


def _laid_out(arguments: bytes) -> str:
    """Arguments for a field: indented, with nothing of them changed but the blanks between them."""
    try:
        return msgspec.json.format(arguments, indent=2).decode()
    except (msgspec.MsgspecError, UnicodeError):
        return arguments.decode("utf-8", "replace")
