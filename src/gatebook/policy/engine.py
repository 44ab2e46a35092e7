"""What a condition needs of an expression engine: two methods, two errors, and which engine there is."""

import re
from typing import Any, Protocol

VARIABLES = ("args", "person", "email", "groups", "client", "connector", "tool", "source_ip", "hour", "weekday")
"""What a condition may read. `args` is a map, `groups` a list of texts, `hour` (0 to 23) and `weekday` (mon to sun) are in UTC."""

_PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")


class ConditionError(ValueError):
    """A condition that cannot be used. `line` and `column` count from 1; both are None where the engine names no place."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        """Return the message with its place."""
        return self.message if self.column is None else f"line {self.line}, column {self.column}: {self.message}"


class ConditionFailed(Exception):
    """A condition that could not be answered for one call. The text holds no value of an argument."""


class Program(Protocol):
    """A compiled expression."""

    def run(self, data: dict[str, Any]) -> bool:
        """Evaluate with these variables. Raises ConditionFailed for everything that is not true or false."""


class Engine(Protocol):
    """A reader of expressions."""

    name: str

    def compile(self, source: str) -> Program:
        """Compile. Raises ConditionError."""


def default_engine() -> Engine:
    """Return the first engine that is installed: cel-expr-python, then common-expression-language. Raises ConditionError without any."""
    # Imported here: a bundle without conditions needs neither, and each has platforms without a wheel.
    try:
        from gatebook.policy.cel_cpp import CelCpp

        return CelCpp()
    except ImportError:
        pass
    try:
        from gatebook.policy.cel_rust import CelRust

        return CelRust()
    except ImportError:
        raise ConditionError("no engine for conditions is installed: cel-expr-python or common-expression-language") from None


def placed(text: str) -> ConditionError:
    """Return the first complaint in the text of an engine as an error with its place."""
    found = _PLACE.search(text)
    if found is None:
        return ConditionError(text.splitlines()[0][:200] if text else "cannot be read")
    message = found[3].split(" expecting ")[0].split(" [INVALID_ARGUMENT]")[0]
    return ConditionError(message[:200], line=int(found[1]), column=int(found[2]))
