"""Modules are named after what they hold; tests sit where their source sits."""

from tests.structure.checkout import ROOT, SOURCE, name_of, python_files

FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service"}

# Source files without a test file of their own, and where they are tested instead.
TESTED_ELSEWHERE = {
    "__main__.py": "one call of cli/main.py",
    "record/parts.py": "tests/record/test_codec.py makes every group of fields",
}


def test_no_module_is_named_after_nothing() -> None:
    """No file or folder has a name that fits everything."""
    bad = {name_of(path) for path in python_files() if FORBIDDEN & {path.stem, *path.relative_to(ROOT).parts[:-1]}}
    assert not bad


def test_every_module_has_a_test_file() -> None:
    """src/gatebook/a/b.py is tested by tests/a/test_b.py, or it is listed with the reason why not."""
    modules = [path.relative_to(SOURCE) for path in python_files() if path.is_relative_to(SOURCE) and path.name != "__init__.py"]
    untested = {module.as_posix() for module in modules if not (ROOT / "tests" / module.parent / f"test_{module.name}").exists()}
    assert sorted(untested - set(TESTED_ELSEWHERE)) == []
    assert sorted(set(TESTED_ELSEWHERE) - untested) == []


def test_packages_hold_no_code_in_init() -> None:
    """An __init__.py says what its package is for; code has a module with a name."""
    assert not {name_of(path) for path in SOURCE.rglob("__init__.py") if path.parent != SOURCE and len(path.read_text().splitlines()) > 40}
