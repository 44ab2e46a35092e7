"""Finding the verb, and errors for people."""

import subprocess
import sys

import pytest

from gatebook import __version__
from gatebook.cli.main import VERBS, Problem, build_parser, main
from tests.cli.conftest import Run


def test_every_verb_that_is_there_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The list of verbs and the page of each say what they do."""
    with pytest.raises(SystemExit):
        main(["--help"])
    page = capsys.readouterr().out
    for verb, text in VERBS.items():
        if f"\n    {verb} " in page:
            with pytest.raises(SystemExit):
                main([verb, "--help"])
            assert text.split(" (")[0].split(";")[0][1:] in " ".join(capsys.readouterr().out.split())
    assert "apply" in page


def test_without_a_verb_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2: the command was wrong."""
    assert main([]) == 2
    assert "VERB" in capsys.readouterr().out


def test_common_arguments_may_stand_anywhere() -> None:
    """Before and after the verb of a verb."""
    parser = build_parser(only="token")
    for words in (["token", "--data", "/d", "list"], ["token", "list", "--data", "/d"]):
        assert str(parser.parse_args(words).data) == "/d"


def test_errors_are_one_sentence_and_a_traceback_only_when_asked_for(bare: Run) -> None:
    """The exit code tells a wrong command from work that failed."""
    code, _, errors = bare("get", "Connector")
    assert (code, errors.count("\n")) == (1, 1)
    assert errors.startswith("gatebook get: there is no state at ")
    with pytest.raises(Exception, match="there is no state"):
        bare("get", "--debug")


def test_wrong_settings_are_exit_code_two(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable stops every verb that reads settings."""
    monkeypatch.setenv("GATEBOOK_WORKRES", "2")
    code, _, errors = bare("get")
    assert (code, errors) == (2, "gatebook get: environment: unknown setting GATEBOOK_WORKRES; did you mean 'GATEBOOK_WORKERS'?\n")
    assert Problem("x").exit_code == 1


def test_the_module_is_the_command() -> None:
    """`python -m gatebook` runs it."""
    found = subprocess.run(
        [sys.executable, "-m", "gatebook", "--version"], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert found.stdout == f"gatebook {__version__}\n"
