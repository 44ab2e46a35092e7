"""What engines have in common."""

import builtins
import sys
from typing import Any

import pytest

from gatebook.policy.engine import ConditionError, default_engine, placed


def test_an_error_names_line_and_column() -> None:
    """The first complaint of an engine becomes one sentence with its place."""
    error = placed(
        "INVALID_ARGUMENT: ERROR: <input>:2:6: undeclared reference to 'foo' [INVALID_ARGUMENT]\n | foo\nERROR: <input>:3:1: more"
    )
    assert (error.line, error.column, error.message) == (2, 6, "undeclared reference to 'foo'")
    assert str(error) == "line 2, column 6: undeclared reference to 'foo'"


def test_an_error_without_a_place_keeps_its_text() -> None:
    """What an engine says without a place is shown as it is, and an empty complaint is still one."""
    assert str(placed("Expression recursion limit exceeded. limit: 32")) == "Expression recursion limit exceeded. limit: 32"
    assert placed("").message


def test_without_the_first_engine_the_second_reads_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform without a wheel of the first engine gets the second; without both, a sentence names them."""
    missing = {"cel_expr_python"}
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.split(".")[0] in missing:
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    for module in ("gatebook.policy.cel_cpp", "gatebook.policy.cel_rust"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    second = pytest.importorskip("cel")
    assert second and default_engine().name == "common-expression-language"
    missing.add("cel")
    monkeypatch.delitem(sys.modules, "gatebook.policy.cel_rust")
    with pytest.raises(ConditionError, match="cel-expr-python or common-expression-language"):
        default_engine()
