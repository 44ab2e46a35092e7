"""The program that loads Presidio: its frames, and that it stays at home."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from gatebook.gateway.names.process import PROGRAM
from tests.structure.checkout import SOURCE, imported_modules, python_files

# Tells of all that could be a way out before the program's own hook refuses it.
_TELLS = """
import runpy, sys
OUT = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.send", "subprocess.", "os.exec", "os.posix_spawn", "os.system")
sys.addaudithook(lambda event, _: event.startswith(OUT) and print("WENT OUT", event, file=sys.stderr, flush=True))
program, parent = sys.argv[1:]
sys.argv = [program, parent]
runpy.run_path(program, run_name="__main__")
"""


def talk(python: str, *frames: Any, parent: int | None = None) -> tuple[int, list[Any], str]:
    """Run the program with frames as its input; return exit code, answers and what it printed."""
    sent = b"".join(len(body).to_bytes(4, "big") + body for body in (json.dumps(frame).encode() for frame in frames))
    command = [python, "-I", "-c", _TELLS, str(PROGRAM), str(os.getpid() if parent is None else parent)]
    done = subprocess.run(command, input=sent, capture_output=True, timeout=60, cwd="/", env={})
    answers, rest = [], done.stdout
    while rest:
        size = int.from_bytes(rest[:4], "big")
        answers.append(json.loads(rest[4 : 4 + size]))
        rest = rest[4 + size :]
    return done.returncode, answers, done.stderr.decode()


def test_it_answers_frame_by_frame_and_ends_with_its_input(presidio_python: str, model: str) -> None:
    """Ready, then finds; addresses in a text are not looked up, since the list of public suffixes is never wanted."""
    text = "Bob wrote from bob@mail.example.co.uk, see https://www.example.com/a and 10.0.0.1"
    asked = {"texts": [text], "entities": ["PERSON"], "score_min": 0.5}
    code, answers, printed = talk(presidio_python, {"model": model, "language": "en"}, asked, asked)
    assert (code, answers) == (0, [{"ready": True}, {"finds": [[0, 0, 3, "PERSON"]]}, {"finds": [[0, 0, 3, "PERSON"]]}])
    assert "WENT OUT" not in printed and "Bob" not in printed


def test_a_model_that_is_missing_is_not_downloaded(presidio_python: str) -> None:
    """Presidio would run pip; here it is a sentence, and nothing leaves the machine."""
    code, answers, printed = talk(presidio_python, {"model": "en_core_web_sm", "language": "en"})
    assert code == 0 and "there is no model 'en_core_web_sm'" in answers[0]["fault"] and "WENT OUT" not in printed


def test_an_error_over_a_text_says_nothing_of_the_text(presidio_python: str, model: str) -> None:
    """The name of the error alone; the next frame is answered."""
    odd = {"texts": [{"secret": "Ann Smith"}], "entities": ["PERSON"], "score_min": 0.5}
    good = {"texts": ["Bob"], "entities": ["PERSON"], "score_min": 0.5}
    _, answers, printed = talk(presidio_python, {"model": model, "language": "en"}, odd, good)
    assert answers[1:] == [{"fault": answers[1]["fault"]}, {"finds": [[0, 0, 3, "PERSON"]]}]
    assert answers[1]["fault"].isidentifier() and "Ann Smith" not in printed


def test_it_keeps_no_word_of_what_it_has_read(presidio_python: str, model: str) -> None:
    """The vocabulary of the model is as large after a text of new words as before; it would hold payloads, and fill the memory."""
    code = (
        "import runpy, sys; find = runpy.run_path(sys.argv[1])['load'](sys.argv[2], 'en')\n"
        "(engine,) = (cell.cell_contents for cell in find.__closure__ if hasattr(cell.cell_contents, 'get_nlp'))\n"
        "strings = engine.get_nlp('en').vocab.strings\n"
        "before = len(strings)\n"
        "asked = {'texts': [' '.join(f'word{number}' for number in range(1000)) + ' Bob'], 'entities': ['PERSON'], 'score_min': 0.5}\n"
        "print(len(find(asked)), len(strings) - before, 'word7' in strings)"
    )
    done = subprocess.run([presidio_python, "-I", "-c", code, str(PROGRAM), model], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["1", "0", "False"]


def test_it_does_not_outlive_a_parent_that_is_gone_already() -> None:
    """Started by somebody else than it was told: it ends before it reads anything."""
    assert talk(sys.executable, {"model": "x", "language": "en"}, parent=1)[:2] == (1, [])


@pytest.mark.parametrize(
    "attempt",
    [
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
    ],
)
def test_nothing_in_it_can_go_out(attempt: str) -> None:
    """Connections, names of hosts and other programs are refused, whoever asks."""
    code = f"import runpy; runpy.run_path({str(PROGRAM)!r})['stay_at_home']()\n{attempt}"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "PermissionError" in done.stderr and "is not allowed here" in done.stderr


def test_only_the_program_knows_presidio_and_nobody_imports_it() -> None:
    """So a worker never loads a language model."""
    heavy = {"spacy", "presidio_analyzer", "tldextract", "thinc"}
    words = heavy | {PROGRAM.stem}
    sources = [path for path in python_files() if path.is_relative_to(SOURCE) and any(word in path.read_text() for word in words)]
    assert {path for path in sources if heavy & {name.split(".")[0] for name in imported_modules(path)}} == {PROGRAM}
    assert not [path for path in sources if "gatebook.gateway.names.presidio_program" in imported_modules(path)]
    assert not [name for name in imported_modules(PROGRAM) if name.startswith("gatebook")]
