"""Finds names in texts with Presidio and spaCy: a program of its own, run by an interpreter that has both. It imports nothing of Gatebook.

Frames on standard input and output: four bytes of length, big-endian, then JSON. The first frame says what to load, `{"model", "language"}`; the answer is
`{"ready": true}`, or `{"fault": sentence}` and the end. Each further frame, `{"texts", "entities", "score_min"}`, is answered with
`{"finds": [[number of the text, start, end, entity], ...]}`, offsets in characters, or with `{"fault": name of the error}`.
Texts are neither logged nor kept. It opens no connections, starts no programs, and ends with the process that started it.
"""

import contextlib
import ctypes
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

_PR_SET_PDEATHSIG = 1
_BATCH = 32
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "pty.spawn")
# What models of spaCy call places beside what Presidio knows of them.
_MORE_LABELS = {"FAC": "LOCATION"}
_Find = Callable[[dict[str, Any]], list[list[Any]]]


class CannotStart(Exception):
    """Raised with a sentence that says what is missing."""


def stay_at_home() -> None:
    """From here on, whatever opens a connection or starts a program in this process gets a PermissionError, and nothing happens.

    Presidio would download a model that is missing, and tldextract the list of public suffixes.
    """

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(refuse)


def leave_no_core() -> None:
    """A crash must not write what it was reading to disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def die_with(parent: int) -> None:
    """End with the parent, also in the middle of a text and when the parent is killed. Linux only; elsewhere the end of standard input ends it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def load(model: str, language: str) -> _Find:
    """Load the model; return what finds. Raises CannotStart."""
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
        from presidio_analyzer.predefined_recognizers import SpacyRecognizer
    except ImportError as error:
        raise CannotStart(f"presidio-analyzer is not installed for {sys.executable} ({error.name} is missing)") from error
    if not (spacy.util.is_package(model) or (os.path.isabs(model) and Path(model, "config.cfg").is_file())):
        raise CannotStart(f"there is no model {model!r} for {sys.executable}: neither an installed package nor a directory of spaCy")
    known = NerModelConfiguration()
    known.model_to_presidio_entity_mapping = {**(known.model_to_presidio_entity_mapping or {}), **_MORE_LABELS}
    try:
        engine = SpacyNlpEngine([{"lang_code": language, "model_name": model}], known)
        engine.load()
        # Only what the model sees: for all that patterns find Gatebook has detectors of its own.
        registry = RecognizerRegistry([SpacyRecognizer(supported_language=language)], supported_languages=[language])
        analyzer = BatchAnalyzerEngine(AnalyzerEngine(registry, engine, supported_languages=[language]))
    except Exception as error:
        raise CannotStart(f"the model {model!r} cannot be loaded ({type(error).__name__})") from error

    def find(asked: dict[str, Any]) -> list[list[Any]]:
        how = {"entities": asked["entities"], "score_threshold": asked["score_min"]}
        # The vocabulary would keep every word of every payload, and grow for ever.
        with engine.get_nlp(language).memory_zone():
            found = analyzer.analyze_iterator(asked["texts"], language, batch_size=_BATCH, **how)
            return [[number, one.start, one.end, one.entity_type] for number, some in enumerate(found) for one in some]

    find({"texts": ["Ann"], "entities": ["PERSON"], "score_min": 0.0})  # the first time takes longer
    return find


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Load what the first frame says, then answer one frame after the other until there are no more."""
    first = _read(source)
    if first is None:
        return
    try:
        find = load(first["model"], first["language"])
    except CannotStart as error:
        _write(sink, {"fault": str(error)})
        return
    _write(sink, {"ready": True})
    while (asked := _read(source)) is not None:
        try:
            _write(sink, {"finds": find(asked)})
        except Exception as error:  # its text might hold some of the payload
            _write(sink, {"fault": type(error).__name__})


def _read(source: BinaryIO) -> dict[str, Any] | None:
    head = source.read(4)
    if len(head) < 4:
        return None
    body = source.read(int.from_bytes(head, "big"))
    frame: dict[str, Any] = json.loads(body)
    return frame


def _write(sink: BinaryIO, frame: dict[str, Any]) -> None:
    body = json.dumps(frame).encode()
    sink.write(len(body).to_bytes(4, "big") + body)
    sink.flush()


def main() -> None:
    """Serve on standard input and output. Whatever a library prints goes to standard error."""
    die_with(int(sys.argv[1]))
    leave_no_core()
    stay_at_home()
    logging.disable(logging.CRITICAL)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
