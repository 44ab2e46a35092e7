"""Conditions by cel-expr-python, the binding of cel-cpp."""

from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_encoders, ext_math, ext_optional, ext_strings

from gatebook.policy import functions
from gatebook.policy.engine import VARIABLES, ConditionError, ConditionFailed, Program, placed


class CelCpp:
    """The engine of first choice: checks types when it compiles, and bounds loops when it runs."""

    name = "cel-expr-python"

    def __init__(self) -> None:
        kind = cel.Type
        types = dict.fromkeys(VARIABLES, kind.STRING)
        types |= {"args": kind.Map(kind.STRING, kind.DYN), "groups": kind.List(kind.STRING), "hour": kind.INT}
        own = [
            ("domain", kind.STRING, [kind.STRING], functions.domain),
            ("in_cidr", kind.BOOL, [kind.STRING, kind.STRING], functions.in_cidr),
            ("glob", kind.BOOL, [kind.STRING, kind.STRING], functions.glob),
        ]
        self._env = cel.NewEnv(
            variables=types,
            extensions=[
                ext_strings.ExtStrings(),
                ext_optional.ExtOptional(),
                ext_math.ExtMath(),
                ext_encoders.ExtEncoders(),
                ext_bindings.ExtBindings(),
            ],
            functions=[cel.FunctionDecl(name, [cel.Overload(name, result, takes, False, call)]) for name, result, takes, call in own],
        )

    def compile(self, source: str) -> Program:
        """Compile an expression of type BOOL. Raises ConditionError."""
        try:
            expression = self._env.compile(source)
            result = expression.return_type()
        except (RuntimeError, ValueError, TypeError) as error:
            raise placed(str(error)) from None
        if result != cel.Type.BOOL:
            # DYN too: what a member of args holds is not known, and a number there would be neither true nor false.
            raise ConditionError(f"the condition must be true or false; this is of type {result.name()}: compare it, as in args.x == true")
        return _Expression(expression)


class _Expression:
    __slots__ = ("_eval",)

    def __init__(self, expression: Any) -> None:
        self._eval = expression.eval

    def run(self, data: dict[str, Any]) -> bool:
        """Evaluate. An error does not raise in this engine: it is a value, and so is everything else that is not a truth."""
        try:
            value = self._eval(data=data).value()
        except Exception:  # whatever the binding raises, among it RuntimeError for a loop that is too long
            raise ConditionFailed("the condition could not be evaluated") from None
        if value is True:
            return True
        if value is False:
            return False
        raise ConditionFailed("the condition met a missing or unfit value")
