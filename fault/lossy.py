"""Builds the disk that forgets (lossy.c) and says how to start a process on it. Usable by every fault test: kill -9 is then a power cut."""

import shutil
import subprocess
from pathlib import Path

from fault.missing import Missing

SOURCE = Path(__file__).with_name("lossy.c")


def build(directory: Path) -> Path:
    """Compile the shim into `directory`. Returns the shared object. Raises Missing without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise Missing("power cut tests need a C compiler (Debian package gcc)")
    shim = directory / "lossy.so"
    if not shim.exists():
        command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", str(shim), str(SOURCE), "-ldl", "-lpthread"]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise Missing(f"power cut tests need the C library's headers (Debian package libc6-dev): {built.stderr[-300:]}")
    return shim


def environment(shim: Path, log_dir: Path, *, stub_sync: bool = False, leak_percent: int = 0, sync_delay_us: int = 0) -> dict[str, str]:
    """Return the variables to add to those of the process whose writes below `log_dir` shall be lost unless synced.

    `stub_sync`: the negative control, every sync lies. `leak_percent`: share of 4096-byte pieces that reach the disk early, out of order.
    `sync_delay_us`: how long each sync waits before it writes, so that a kill is more likely to tear a write.
    """
    return {
        "LD_PRELOAD": str(shim),
        "LOSSY_DIR": f"{log_dir.resolve()}/",
        "LOSSY_STUB_SYNC": "1" if stub_sync else "0",
        "LOSSY_LEAK_PERCENT": str(leak_percent),
        "LOSSY_SYNC_DELAY_US": str(sync_delay_us),
    }
