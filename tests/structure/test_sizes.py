"""Files and functions stay small enough to be read at one go."""

import ast
from pathlib import Path

import pytest

from tests.structure.checkout import SOURCE, name_of, python_files, tree

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# What may be longer, and why. An entry that is no longer needed fails the test too.
LONG_FILES = {
    "src/gatebook/log/offline_verifier.py": "one file by design: an auditor takes it alone, with Python and cryptography only",
}
LONG_FUNCTIONS = {
    "src/gatebook/demo/crm.py:build": "a list of tools, each a short function of its own",
}


def _functions(path: Path) -> list[tuple[str, int]]:
    nodes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(f"{name_of(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1) for node in nodes]


def test_no_file_is_longer_than_the_limit() -> None:
    """Every Python file is within the limit, or is listed with its reason."""
    long = {name_of(path) for path in python_files() if len(path.read_text().splitlines()) > FILE_LINES_MAX}
    assert long == set(LONG_FILES)


def test_no_function_is_longer_than_the_limit() -> None:
    """Every function is within the limit, or is listed with its reason."""
    long = {name for path in python_files() for name, lines in _functions(path) if lines > FUNCTION_LINES_MAX}
    assert long == set(LONG_FUNCTIONS)


def test_the_median_file_is_short() -> None:
    """Half of the source files are at most 150 lines long."""
    lengths = sorted(len(path.read_text().splitlines()) for path in python_files() if path.is_relative_to(SOURCE))
    assert lengths[len(lengths) // 2] <= 150


@pytest.mark.parametrize("lines", [FUNCTION_LINES_MAX, FUNCTION_LINES_MAX + 1])
def test_lines_are_counted_from_the_first_to_the_last(tmp_path: Path, lines: int) -> None:
    """The counting itself: a function of N lines counts N."""
    source = "def long():\n" + "    pass\n" * (lines - 1)
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef) and node.end_lineno == lines
