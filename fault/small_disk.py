"""A real file system that is really full: a small tmpfs, mounted for as long as a test lasts. Needs root."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fault.missing import Missing


@contextmanager
def small_disk(directory: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a tmpfs of this size on `directory`; raises Missing where that is not allowed."""
    directory.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        raise Missing("full disk tests need root and the right to mount a tmpfs")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def fill_up(directory: Path, *, leave_bytes: int) -> Path:
    """Write a file that leaves so much space. Returns it; unlink it to free the space."""
    ballast = directory / "ballast"
    free_bytes = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
    try:
        ballast.write_bytes(bytes(max(0, free_bytes - leave_bytes)))
    except OSError as error:
        # Somebody else took space meanwhile: it is full sooner.
        if error.errno != errno.ENOSPC:
            raise
    return ballast
