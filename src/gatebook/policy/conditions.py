"""The `when` of a rule: an expression over the call that is true or false, or fails."""

from datetime import UTC, datetime
from typing import Any

from gatebook.policy.arguments import Arguments
from gatebook.policy.engine import VARIABLES, ConditionError, ConditionFailed, Engine, Program
from gatebook.policy.request import Request
from gatebook.policy.tokens import depth, loop_depth, reads, tokens

CHARACTERS_MAX = 8000
NESTING_MAX = 24
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Facts:
    """What conditions read of one call. One of these serves all conditions of a decision, so that arguments are decoded once."""

    __slots__ = ("_arguments", "_moment", "_request")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._arguments = Arguments(request.arguments)
        self._moment: datetime | None = None

    def pick(self, names: tuple[str, ...], keys: frozenset[str] | None) -> dict[str, Any]:
        """Return these variables; of `args` only these members, or all when `keys` is None. Raises ConditionFailed."""
        return {name: self._arguments_of(keys) if name == "args" else self._value(name) for name in names}

    def bound(self, keys: frozenset[str] | None) -> None:
        """Make sure that a loop over these arguments ends soon. Raises ConditionFailed."""
        self._arguments.bound(keys)

    def _arguments_of(self, keys: frozenset[str] | None) -> dict[str, Any]:
        return self._arguments.all() if keys is None else self._arguments.only(keys)

    def _value(self, name: str) -> Any:
        request = self._request
        match name:
            case "hour":
                return self._now().hour
            case "weekday":
                return WEEKDAYS[self._now().weekday()]
            case "groups":
                return [_whole(group) for group in request.groups]
            case "tool":
                return _whole(request.tool or "")
            case _:
                return _whole(getattr(request, name))

    def _now(self) -> datetime:
        if self._moment is None:
            try:
                self._moment = datetime.fromtimestamp(self._request.time_us // 1_000_000, UTC)
            except (OverflowError, ValueError, OSError):
                raise ConditionFailed("the time of the call is out of range") from None
        return self._moment


def _whole(text: str) -> str:
    """Return a text that an engine does not cut: some end a text at a zero character. Raises ConditionFailed."""
    if "\0" in text:
        raise ConditionFailed("what is known of the call holds a zero character")
    return text


class Condition:
    """A compiled `when`."""

    __slots__ = ("_loops", "_names", "_program", "keys", "reads_arguments", "source")

    def __init__(self, source: str, program: Program) -> None:
        found = reads(source)
        self.source = source
        self.keys = found.keys
        """The members of `args` that are read; None: all of them."""
        self._program = program
        self._names = tuple(name for name in VARIABLES if found.names is None or name in found.names)
        self.reads_arguments = "args" in self._names
        split = tokens(source)
        self._loops = self.reads_arguments and (split is None or loop_depth(split) > 0)

    @classmethod
    def compile(cls, source: str, engine: Engine) -> "Condition":
        """Compile an expression that yields true or false. Raises ConditionError with the place of the fault."""
        if len(source) > CHARACTERS_MAX:
            raise ConditionError(f"the condition is longer than {CHARACTERS_MAX} characters")
        if "\0" in source:
            raise ConditionError("the condition holds a zero character")
        if depth(source) > NESTING_MAX:
            raise ConditionError(f"brackets in the condition are nested deeper than {NESTING_MAX}")
        return cls(source, engine.compile(source))

    def eval(self, facts: Facts) -> bool:
        """Answer for one call. Raises ConditionFailed when there is no answer, with a text that holds no value of an argument."""
        if self._loops:
            facts.bound(self.keys)
        return self._program.run(facts.pick(self._names, self.keys))
