"""Debian packages: installed where that is allowed (root and apt-get), else a loud line that names what is missing."""

import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

# Package -> command that shows that it is there.
COMMANDS = {"chromium": "chromium", "gcc": "gcc", "nodejs": "node", "npm": "npm", "postgresql": "initdb", "wrk": "wrk"}
# Debian keeps programs of which several versions can be installed side by side off the path.
BESIDE_THE_PATH = {"initdb": "/usr/lib/postgresql/*/bin/initdb"}


def ensure(package: str, purpose: str) -> bool:
    """Return True when the package's command is there, after installing it if need be; else say what is skipped."""
    command = COMMANDS[package]
    if shutil.which(command) or glob.glob(BESIDE_THE_PATH.get(command, "")) or install([package]):
        return True
    print(f"\n*** SKIPPED: {purpose}\n*** It needs the Debian package {package}: apt-get install {package}\n", file=sys.stderr, flush=True)
    return False


def install(packages: Sequence[str]) -> bool:
    """Install with apt-get; return False where that is not possible."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"Installing the Debian package(s) {' '.join(packages)} ...", file=sys.stderr, flush=True)
    # The lists of a fresh machine are empty or old, so one failure is expected there.
    return _apt_get("install", packages) or (_apt_get("update", ()) and _apt_get("install", packages))


def _apt_get(verb: str, packages: Sequence[str]) -> bool:
    options = ["-y", "--no-install-recommends"] if verb == "install" else []
    command = ["apt-get", "-qq", verb, *options, *packages]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
