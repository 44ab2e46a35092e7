"""The tests that stand inside policies. Each runs against the whole bundle, since that is what decides."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from gatebook.policy.bundle import Bundle
from gatebook.policy.request import Request
from gatebook.policy.rules import Case, Expected, Rule
from gatebook.record.parts import Effect

_SAID: dict[Effect, Expected] = {"allowed": "allow", "blocked": "deny", "pending": "pending", "redacted": "redact"}


class Failure(Struct, frozen=True, kw_only=True):
    """A test that did not come out as expected."""

    rule: str
    """Id of the rule in which the test stands."""
    number: int
    """Which of its tests, from 1."""
    text: str
    """In a sentence: what was expected, what came."""

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.rule}, test {self.number}: {self.text}"


def failures(bundle: Bundle, rules: Iterable[Rule] | None = None) -> Iterator[Failure]:
    """Run the tests of these rules, or of all in the bundle, and yield those that fail."""
    for rule in bundle.rules.values() if rules is None else rules:
        for number, case in enumerate(rule.tests, start=1):
            text = failure(bundle, case)
            if text is not None:
                yield Failure(rule=rule.id, number=number, text=text)


def failure(bundle: Bundle, case: Case) -> str | None:
    """Run one test; return what is wrong in a sentence, None when it holds."""
    try:
        request = request_of(case)
    except ValueError as error:
        return str(error)
    decision = bundle.decide(request)
    came = _SAID[decision.effect]
    if came == case.expect and case.by in (None, decision.rule):
        return None
    by = f" by {case.by}" if case.by else ""
    failed = f" ({', '.join(decision.errors)} could not be answered)" if decision.errors else ""
    return f"expected {case.expect}{by} for {case.tool} of {case.connector} by {case.person}, was {came} by {decision.rule}{failed}"


def request_of(case: Case) -> Request:
    """Return the call that a test describes. Raises ValueError with a sentence when its time cannot be read."""
    return Request(
        connector=case.connector,
        tool=case.tool,
        person=case.person,
        email=case.person if "@" in case.person else "",
        kind="service" if case.service_account else "person",
        groups=case.groups,
        client=case.client,
        hints=case.hints,
        source_ip=case.source_ip,
        time_us=_time_us(case.at),
        arguments=msgspec.json.encode(case.args),
        approvals=frozenset(case.approved),
    )


def _time_us(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"at: {text[:64]!r} is not a time such as 2026-01-05T12:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"at: {text[:64]!r} has no zone; write Z for UTC")
    return round(moment.timestamp() * 1_000_000)
