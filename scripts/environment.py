"""The virtual environment, made from the locks in requirements/ with `pip --require-hashes`.

A stamp beside each environment keeps the hash of what it was made from, so a second run costs a few milliseconds.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import debian
from scripts.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
TOOLS = ROOT / ".tools"
MAIN = ROOT / ".venv"

# Each lock of the main environment holds all that the ones before it hold.
CHAIN = ("runtime", "demo", "test")


def is_apart(lock: str) -> bool:
    """Whether a lock is for an environment that holds nothing of the product's own."""
    return lock.startswith("bench") or lock == "presidio"


def ensure_main(lock: str) -> Path:
    """Make or bring up to date `.venv` with at least `lock`; return its Python."""
    with _one_at_a_time():
        stamp = _read_stamp(MAIN)
        enough = [name for name in CHAIN[CHAIN.index(lock) :] if stamp.get(name) == _fingerprint(name)]
        if not enough or not _python(MAIN).exists():
            _install(MAIN, lock)
            _pip(MAIN, "--no-deps", "--no-build-isolation", "-e", str(ROOT))
            _write_stamp(MAIN, stamp | {lock: _fingerprint(lock)})
    return _python(MAIN)


def ensure_tool(lock: str) -> Path:
    """Make or bring up to date `.tools/<lock>` from the lock of that name; return its Python."""
    directory = TOOLS / lock
    with _one_at_a_time():
        if _read_stamp(directory).get(lock) != _fingerprint(lock) or not _python(directory).exists():
            _install(directory, lock)
            _write_stamp(directory, {lock: _fingerprint(lock)})
    return _python(directory)


def variables() -> dict[str, str]:
    """Environment of what is run: the tools of `.venv` come first on the path."""
    return os.environ | {"PATH": f"{MAIN / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}", "VIRTUAL_ENV": str(MAIN)}


def _install(directory: Path, lock: str) -> None:
    started = time.monotonic()
    name = directory.relative_to(ROOT)
    print(f"Setting up {name} from requirements/{lock}.txt (a minute or two the first time) ...", file=sys.stderr, flush=True)
    if not _python(directory).exists():
        _create(directory)
    if subprocess.run([_python(directory), "-c", "import pip"], capture_output=True).returncode != 0:
        _run([_python(directory), "-m", "ensurepip"], "this Python cannot install pip")
    _pip(directory, "--no-deps", "--require-hashes", "-r", str(LOCKS / f"{lock}.txt"))
    print(f"{name} is ready after {time.monotonic() - started:.0f} s.", file=sys.stderr, flush=True)


def _create(directory: Path) -> None:
    # Debian takes ensurepip out of python3 and puts it into python3-venv.
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not debian.install([package]):
            raise SetupError(f"this Python cannot make a virtual environment; install the Debian package {package}")
    _run([sys.executable, "-m", "venv", str(directory)], f"no virtual environment could be made in {directory}")


def _pip(directory: Path, *arguments: str) -> None:
    command: list[str | Path] = [
        _python(directory),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        *arguments,
    ]
    _run(command, f"pip could not install {' '.join(arguments)}")


def _run(command: list[str | Path], failure: str) -> None:
    # Root in a container is a normal place to build; pip's advice about it is noise there.
    if subprocess.run(command, cwd=ROOT, env=os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}).returncode != 0:
        raise SetupError(failure)


def _python(directory: Path) -> Path:
    return directory / "bin" / "python"


def _fingerprint(lock: str) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCKS / f"{lock}.txt", ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_stamp(directory: Path) -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads((directory / "stamp.json").read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def _write_stamp(directory: Path, stamp: dict[str, str]) -> None:
    (directory / "stamp.json").write_text(json.dumps(stamp, indent=1) + "\n")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
