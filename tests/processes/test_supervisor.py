"""Keeping processes running, with small Python programs as children."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatebook.processes import supervisor
from gatebook.processes.supervisor import Child, InstanceLock

SERVES = "import os, sys, time; os.write(int(sys.argv[-1]), b'ready\\n'); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVES
ORPHAN_AWARE = "import os, sys; os.write(int(sys.argv[-1]), b'ready\\n'); os.read(int(sys.argv[-1]), 1)"


def child(program: str, drain_s: float = 1.0) -> Child:
    """A child that runs a program."""
    return Child("child", [sys.executable, "-c", program], dict(os.environ), drain_s)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, which another process makes true."""
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)


async def test_a_child_that_is_killed_comes_back() -> None:
    """kill -9 costs one pause, and readiness is told anew."""
    kept = child(SERVES)
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 10)
    first = kept.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: kept.starts == 2 and kept.ready.is_set())
    assert kept.pid != first
    await kept.stop()
    assert kept.pid is None


async def test_pauses_grow_while_a_child_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that cannot start is not started a hundred times a second, and it can be stopped in a pause."""
    monkeypatch.setattr(supervisor, "_PAUSE_S_MIN", 0.2)
    kept = child("import sys; sys.exit(3)")
    kept.start()
    await asyncio.sleep(1.0)
    assert 1 <= kept.starts <= 3
    await kept.stop()
    starts = kept.starts
    await asyncio.sleep(0.5)
    assert kept.starts == starts


async def test_a_child_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time is the drain time and a little more."""
    monkeypatch.setattr(supervisor, "_KILL_AFTER_S", 0.2)
    kept = child(DEAF, drain_s=0.1)
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 10)
    await asyncio.wait_for(kept.stop(), 5)
    assert kept.pid is None


async def test_a_child_notices_when_its_supervisor_dies(tmp_path: Path) -> None:
    """A supervisor that is killed with -9 leaves no orphan behind."""
    program = (
        "import asyncio, os, sys\n"
        "from gatebook.processes.supervisor import Child\n"
        "async def main():\n"
        f"    kept = Child('c', [sys.executable, '-c', {ORPHAN_AWARE!r}], dict(os.environ), 1.0)\n"
        "    kept.start()\n"
        "    await kept.ready.wait()\n"
        "    print(kept.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    outer = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, env=environ)
    assert outer.stdout is not None
    inner = int(await asyncio.wait_for(outer.stdout.readline(), 20))
    outer.kill()
    await outer.wait()
    await until(lambda: not Path(f"/proc/{inner}").exists() or "Z" in Path(f"/proc/{inner}/stat").read_text().split()[2])


def test_one_supervisor_per_data_directory(tmp_path: Path) -> None:
    """The second one is turned away while the first lives."""
    first, second = InstanceLock(str(tmp_path / "up.lock")), InstanceLock(str(tmp_path / "up.lock"))
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()
