"""The process that finds names: it starts or says why not, answers, and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from gatebook.gateway.names.process import Broken, CannotStart, NamesProcess
from tests.gateway.named import ENDLESS

BOTH = ("PERSON", "LOCATION")
_ORPHAN = """
import asyncio, sys
from gatebook.gateway.names.process import NamesProcess
async def main():
    process = await NamesProcess.start(sys.argv[1], sys.argv[2], "en")
    print(process.pid, flush=True)
    await process.find([sys.argv[3]], ["PERSON"], 0.5)
asyncio.run(main())
"""


def script(path: Path, text: str) -> str:
    """Write a program that stands in front of an interpreter."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_names_are_found_where_they_stand(presidio_python: str, model: str) -> None:
    """Number of the text, span in characters and kind; a building is a place, and what was not asked for is not told."""
    process = await NamesProcess.start(presidio_python, model, "en")
    try:
        texts = ["\N{GRINNING FACE} Dear Ann Smith of Hamburg", "nothing", "a Quaker at Tower Bridge"]
        assert await process.find(texts, BOTH, 0.5) == [(0, 7, 16, "PERSON"), (0, 20, 27, "LOCATION"), (2, 12, 24, "LOCATION")]
        assert await process.find(texts, BOTH, 0.9) == []
        assert await process.find(["half a \ud83d character, Bob"], BOTH, 0.5) == [(0, 20, 23, "PERSON")]
    finally:
        await process.end()


@pytest.mark.parametrize(
    ("python", "named", "expected"),
    [
        (sys.executable, None, "presidio-analyzer is not installed for"),
        ("/nowhere/python", None, "the interpreter /nowhere/python cannot be started: No such file"),
        (None, "/tmp", "there is no model '/tmp' for"),
    ],
)
async def test_what_is_missing_is_named(presidio_python: str, model: str, python: str | None, named: str | None, expected: str) -> None:
    """One sentence for the operator."""
    with pytest.raises(CannotStart, match=expected):
        await NamesProcess.start(python or presidio_python, named or model, "en")


async def test_a_model_that_is_damaged_is_named(presidio_python: str, tmp_path: Path) -> None:
    """A directory that looks like a model and is none."""
    (tmp_path / "config.cfg").write_text("[nlp]\n")
    with pytest.raises(CannotStart, match="cannot be loaded"):
        await NamesProcess.start(presidio_python, str(tmp_path), "en")


async def test_a_process_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    """What it printed before it has seen a payload helps to find out why."""
    broken = script(tmp_path / "python", "echo 'no library libfoo' >&2; exit 3")
    with pytest.raises(CannotStart, match=r"ended before it was ready \(no library libfoo\)"):
        await NamesProcess.start(broken, "en_any", "en")


async def test_it_gets_only_what_it_needs_and_what_it_prints_is_read_away(
    presidio_python: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets of connectors stay with the worker; a crash leaves no image of a text; and a megabyte of warnings fills no pipe for ever."""
    monkeypatch.setenv("CRM_TOKEN", "secret")
    loud = script(tmp_path / "python", f"head -c 1000000 /dev/zero | tr '\\0' x >&2; exec {presidio_python} \"$@\"")
    process = await NamesProcess.start(loud, model, "en")
    assert await process.find(["Bob"], BOTH, 0.5) and process._said == b""
    running = psutil.Process(process.pid)
    assert not {"CRM_TOKEN", "HOME"} & running.environ().keys() and running.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    await process.end()


async def test_a_process_that_was_killed_is_broken(presidio_python: str, model: str) -> None:
    """Its pipes are closed, no descriptor stays behind, and nobody waits for an answer."""
    left = []
    for _ in range(2):
        process = await NamesProcess.start(presidio_python, model, "en")
        asking = asyncio.create_task(process.find([ENDLESS], BOTH, 0.5))
        await asyncio.sleep(0.1)
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(Broken):
            await asking
        await process.end()
        assert not process.alive and gone(process.pid)
        left.append(len(os.listdir("/proc/self/fd")))
    assert left[0] == left[1]


def test_it_ends_with_the_worker(presidio_python: str, model: str) -> None:
    """Also when the worker is killed, in the middle of a text that takes for ever."""
    words = [sys.executable, "-c", _ORPHAN, presidio_python, model, ENDLESS]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as worker:
        assert worker.stdout is not None
        running = psutil.Process(int(worker.stdout.readline()))
        time.sleep(0.3)
        assert running.is_running() and running.cpu_times().user > 0.1
        worker.kill()
        worker.wait()
        psutil.wait_procs([running], timeout=5)
        assert gone(running.pid)
