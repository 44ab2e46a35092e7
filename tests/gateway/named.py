"""An interpreter that has Presidio, and a small real model of spaCy, for tests of names."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.structure.checkout import ROOT

PYTHON = ROOT / ".tools" / "presidio" / "bin" / "python"
# One word that the model thinks about for ever: a real regular expression that backtracks.
ENDLESS = "z" * 40 + "y"
_MAKE = """
import sys, spacy
nlp = spacy.blank("en")
ruler = nlp.add_pipe("entity_ruler")
ruler.add_patterns([
    {"label": "PERSON", "pattern": [{"LOWER": "ann"}, {"LOWER": "smith"}]},
    {"label": "PERSON", "pattern": "Bob"},
    {"label": "GPE", "pattern": "Hamburg"},
    {"label": "FAC", "pattern": "Tower Bridge"},
    {"label": "NORP", "pattern": "Quaker"},
    {"label": "PERSON", "pattern": [{"TEXT": {"REGEX": "^(z+)+$"}}]},
])
nlp.to_disk(sys.argv[1])
"""


@pytest.fixture(scope="session")
def presidio_python() -> str:
    """The interpreter of `.tools/presidio`, which `run.py test` makes; without it these tests are skipped, except in continuous integration."""
    if not PYTHON.exists():
        reason = "NOT RUN: Presidio is not installed in .tools/presidio; `python3 run.py test` does that"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return str(PYTHON)


@pytest.fixture(scope="session")
def model(presidio_python: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory with a pipeline that knows a few names by heart."""
    directory: Path = tmp_path_factory.mktemp("model") / "en_few_names"
    subprocess.run([presidio_python, "-I", "-c", _MAKE, str(directory)], check=True, timeout=120)
    return str(directory)
