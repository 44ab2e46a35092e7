"""Conditions by common-expression-language, for platforms without a wheel of the first choice.

It knows less: no `.?` and `[?`, no types before evaluation, no bound on loops. So names are checked here, and loops over loops are refused.
"""

from typing import Any

import cel

from gatebook.policy import functions
from gatebook.policy.engine import VARIABLES, ConditionError, ConditionFailed, Program, placed
from gatebook.policy.tokens import Token, loop_depth, loop_names, tokens

_OWN = {
    "domain": functions.domain,
    "in_cidr": functions.in_cidr,
    "glob": functions.glob,
    "lowerAscii": lambda text: "".join(letter.lower() if letter.isascii() else letter for letter in text),
    "upperAscii": lambda text: "".join(letter.upper() if letter.isascii() else letter for letter in text),
}
_OPTIONAL = "this engine has no optional members: write has(args.x) && args.x > 1 in place of args.?x.orValue(0) > 1"


class CelRust:
    """The second engine."""

    name = "common-expression-language"

    def compile(self, source: str) -> Program:
        """Compile. Raises ConditionError. That the result is true or false shows only when it runs."""
        split = tokens(source) or []
        for token in split:
            if token.text in (".?", "[?"):
                raise _at(source, token.at, _OPTIONAL)
        if loop_depth(split) > 1:
            raise ConditionError("this engine does not bound loops, so a loop over a loop is refused")
        try:
            program = cel.compile(source)
        except BaseException as error:
            _pass_on(error)
            raise placed(str(error).partition("ERROR: ")[2]) from None
        bound = loop_names(split)
        for name in program.variables():
            if name not in VARIABLES and name not in bound:
                raise _at(source, _first(split, name), f"undeclared reference to {name!r}")
        return _Expression(program)


class _Expression:
    __slots__ = ("_program",)

    def __init__(self, program: Any) -> None:
        self._program = program

    def run(self, data: dict[str, Any]) -> bool:
        """Evaluate. Raises ConditionFailed for everything but true and false."""
        try:
            value = self._program.execute({**data, **_OWN})
        except BaseException as error:
            _pass_on(error)
            raise ConditionFailed("the condition could not be evaluated") from None
        if value is True:
            return True
        if value is False:
            return False
        raise ConditionFailed("the condition is neither true nor false")


def _pass_on(error: BaseException) -> None:
    """Raise again what is not the engine's: its panics are no Exception, and neither is the end of the process."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def _first(split: list[Token], name: str) -> int:
    return next((token.at for token in split if token.text == name), 0)


def _at(source: str, at: int, message: str) -> ConditionError:
    before = source[:at]
    return ConditionError(message, line=before.count("\n") + 1, column=at - (before.rfind("\n") + 1) + 1)
