"""A decision about a call that nobody made, as one sentence. Pure."""

from gatebook.definitions.telling import one_line
from gatebook.policy.access import DEFAULT_DENY
from gatebook.policy.explain import Explanation, Step
from gatebook.reading.wording import as_sentence

_NAME_CHARACTERS_MAX = 120
_REASON_CHARACTERS_MAX = 600
_HEADS = {
    "allowed": "{who} may call {what}",
    "redacted": "{who} may call {what}, without what is redacted",
    "pending": "{who} has to wait for an approval of this call of {what}",
    "blocked": "{who} may not call {what}",
}
_DOES = {"allowed": "allows it", "redacted": "redacts it", "pending": "asks for one", "blocked": "denies it"}


def verdict(who: str, connector: str, tool: str, found: Explanation) -> str:
    """Say who may or may not call what, by what, and what the caller would read."""
    decision = found.decision
    what = f"{one_line(tool, _NAME_CHARACTERS_MAX)} of {one_line(connector, _NAME_CHARACTERS_MAX)}"
    head = _HEADS[decision.effect].format(who=one_line(who, _NAME_CHARACTERS_MAX), what=what)
    if decision.rule == DEFAULT_DENY:
        return as_sentence(f"{head}: nothing allows it")
    cause, reason = _cause(decision.rule, decision.effect, found.steps), one_line(decision.reason or "", _REASON_CHARACTERS_MAX)
    return as_sentence(f"{head}: {cause}{': ' if cause and reason else ''}{reason if cause else reason[:1].lower() + reason[1:]}")


def _cause(rule: str, effect: str, steps: tuple[Step, ...]) -> str:
    """Return what decided; empty where the reason says it."""
    name = one_line(rule, _NAME_CHARACTERS_MAX)
    step = next((one for one in steps if one.id == rule), None)
    match step.kind if step else "default":
        case "rule":
            return f"the policy {name} {_DOES[effect]}"
        case "connector":
            return f"the connector itself {_DOES[effect]} ({name})"
        case "pack":
            return f"the tool pack {name.removeprefix('pack/').partition(':')[0]} {_DOES[effect]}"
        case "grant":
            return f"access that was granted for a time {_DOES[effect]} ({name})"
        case "definition" | "person":
            return ""
    return name
