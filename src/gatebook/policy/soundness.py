"""What makes a rule, a pack or a grant unusable: found when a bundle is compiled, and by lint."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from gatebook.policy import selectors
from gatebook.policy.access import RESERVED
from gatebook.policy.conditions import Condition, Facts
from gatebook.policy.engine import ConditionError, ConditionFailed, Engine
from gatebook.policy.problems import Problem
from gatebook.policy.request import Request
from gatebook.policy.rules import Grant, Rule
from gatebook.policy.selectors import ToolPack
from gatebook.policy.tokens import literal_patterns, tokens

_RESERVED_BEGINNINGS = ("connector/", "pack/", "grant/")


def duplicates(rules: Iterable[Rule], packs: Iterable[ToolPack], grants: Iterable[Grant]) -> Iterator[Problem]:
    """Yield a problem for each name that two of a kind have."""
    named = {
        "": Counter(rule.id for rule in rules),
        "pack/": Counter(pack.name for pack in packs),
        "grant/": Counter(grant.id for grant in grants),
    }
    for prefix, counted in named.items():
        for name, count in counted.items():
            if count > 1:
                yield Problem(rule=f"{prefix}{name}", path="name" if prefix == "pack/" else "id", text=f"stands {count} times")


def of_rule(rule: Rule, packs: Mapping[str, ToolPack]) -> Iterator[Problem]:
    """Yield what is wrong with a rule, its condition aside."""
    for path, text in _of_fields(rule):
        yield Problem(rule=rule.id, path=path, text=text)
    for path, text in selectors.faults(rule.selector, packs):
        yield Problem(rule=rule.id, path=f"selector.{path}", text=text)


def of_pack(pack: ToolPack) -> Iterator[Problem]:
    """Yield what is wrong with a tool pack."""
    names = [pack.name, *pack.people, *pack.groups, *pack.tools, *(tool for tools in pack.tools.values() for tool in tools)]
    if any(not name.strip() for name in names):
        yield Problem(rule=f"pack/{pack.name}", path="spec", text="holds an empty name")


def of_grant(grant: Grant) -> Iterator[Problem]:
    """Yield what is wrong with a temporary grant."""
    for path in ("id", "person", "connector", "tool"):
        if not getattr(grant, path).strip():
            yield Problem(rule=f"grant/{grant.id}", path=path, text="is empty")


def of_condition(rule: Rule, engine: Engine) -> Condition | Problem | None:
    """Return the compiled condition of a rule, None where it has none, or what is wrong with it."""
    if rule.when is None:
        return None
    try:
        return Condition.compile(rule.when, engine)
    except ConditionError as error:
        return Problem(rule=rule.id, path="when", text=error.message, line=error.line, column=error.column)


def of_patterns(rule: Rule, engine: Engine) -> Iterator[Problem]:
    """Try each text that stands as a regular expression: an engine sees a bad one only when it evaluates, and then every call would fail."""
    source = rule.when or ""
    for token in literal_patterns(tokens(source) or []):
        try:
            Condition.compile(f"''.matches({token.text})", engine).eval(Facts(Request(connector="")))
        except (ConditionError, ConditionFailed):
            before = source[: token.at]
            yield Problem(
                rule=rule.id,
                path="when",
                text="this regular expression cannot be read (RE2: no look-around, no back-references)",
                line=before.count("\n") + 1,
                column=token.at - (before.rfind("\n") + 1) + 1,
            )


def _of_fields(rule: Rule) -> Iterator[tuple[str, str]]:
    if not rule.id.strip():
        yield "id", "is empty"
    elif rule.id in RESERVED or rule.id.startswith(_RESERVED_BEGINNINGS):
        yield "id", f"is kept for what is no policy: {', '.join(RESERVED)} and all that begins with {', '.join(_RESERVED_BEGINNINGS)}"
    if rule.effect == "redact" and not rule.redact:
        yield "redact", "is empty: name the detectors whose findings are redacted"
    if rule.effect != "redact" and rule.redact:
        yield "redact", f"is only for effect redact, not {rule.effect}"
    if rule.limit is not None:
        largest = [getattr(rule.limit, name) for name in ("calls_max", "arguments_bytes_max", "response_bytes_max")]
        if sum(value is not None for value in largest) != 1:
            yield "limit", "needs exactly one of calls_max, arguments_bytes_max and response_bytes_max"
        if any(value is not None and value < 0 for value in largest) or rule.limit.per_s <= 0:
            yield "limit", "must not be negative, and per_s must be 1 at least"
        if rule.effect == "allow":
            yield "limit", "is not for effect allow: it would allow only what comes above it"
