"""What `run.py` can do: each verb sets up what it needs and runs it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance import node
from scripts import debian, environment
from scripts.errors import SetupError

__all__ = ["ALL", "SetupError", "usage"]

ROOT = environment.ROOT
DEMO_SERVERS = ROOT / "src" / "gatebook" / "demo" / "servers"
LOCK_OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate")
SHELL = (".ci/run",)


@dataclass(frozen=True)
class Verb:
    """One verb: what it does, in one line, and the function that does it with the arguments after it."""

    help: str
    run: Callable[[list[str]], int]


def usage() -> str:
    """Return the list of verbs."""
    rows = "\n".join(f"  {name:<12} {verb.help}" for name, verb in ALL.items())
    return f"usage: python3 run.py VERB [arguments]      or: make VERB ARGS='...'\n\n{rows}"


def _setup(arguments: list[str]) -> int:
    environment.ensure_main("test")
    return 0


def _demo(arguments: list[str]) -> int:
    environment.ensure_main("demo")
    words: list[str | Path] = []
    try:
        words = ["--node-modules", node.install(DEMO_SERVERS) / "node_modules"]
    except node.NodeMissing as missing:
        print(f"SKIPPED: the demo's connectors from npm ({missing})", file=sys.stderr)
    return _call([environment.MAIN / "bin" / "gatebook", "demo", *words, *arguments])


def _test(arguments: list[str]) -> int:
    python = environment.ensure_main("test")
    try:
        environment.ensure_tool("presidio")
    except SetupError as error:
        if os.environ.get("CI"):
            raise
        print(f"\n*** SKIPPED: tests of names in prose\n*** {error}\n", file=sys.stderr, flush=True)
    debian.ensure("chromium", "stories of the console in a real browser")
    debian.ensure("gcc", "tests that drop what was not fsynced")
    debian.ensure("postgresql", "tests of state in PostgreSQL")
    return _call([python, "-m", "pytest", *arguments])


def _check(arguments: list[str]) -> int:
    python = environment.ensure_main("test")
    steps: list[Sequence[str | Path]] = [
        (python, "-m", "ruff", "check", "."),
        (python, "-m", "ruff", "format", "--check", "."),
        (python, "-m", "mypy"),
        (environment.MAIN / "bin" / "lint-imports",),
        (environment.MAIN / "bin" / "shellcheck", *SHELL),
        (python, "-m", "pytest", "-q", "tests/structure", "tests/record"),
    ]
    failed = [" ".join(str(part) for part in step[1:] or step[:1]) for step in steps if _call(step) != 0]
    for step in failed:
        print(f"check failed: {step}", file=sys.stderr)
    return 1 if failed else 0


def _format(arguments: list[str]) -> int:
    python = environment.ensure_main("test")
    return _call([python, "-m", "ruff", "check", "--fix", "."]) | _call([python, "-m", "ruff", "format", "."])


def _docs(arguments: list[str]) -> int:
    return _call([environment.ensure_main("test"), "-m", "scripts.docs", *arguments])


def _pictures(arguments: list[str]) -> int:
    python = environment.ensure_main("test")
    debian.ensure("chromium", "the browser that takes the pictures")
    return _call([python, "-m", "scripts.pictures", *arguments])


def _bench(arguments: list[str]) -> int:
    python = environment.ensure_main("test")
    debian.ensure("wrk", "wrk as the load generator (the benchmark's own, slower one takes its place)")
    if "--no-peers" not in arguments:
        environment.ensure_tool("bench-fastmcp")
        environment.ensure_tool("bench-governance")
    return _call([python, "-m", "bench.suite", *arguments])


def _bench_search(arguments: list[str]) -> int:
    python = environment.ensure_main("test")
    debian.ensure("chromium", "the explorer's first page in a real browser")
    if "--no-peers" not in arguments:
        environment.ensure_tool("bench-search")
    return _call([python, "-m", "bench.search", *arguments])


def _conformance(arguments: list[str]) -> int:
    return _call([environment.ensure_main("test"), "-m", "conformance", *arguments])


def _fault(arguments: list[str]) -> int:
    python = environment.ensure_main("test")
    debian.ensure("gcc", "dropping of what was not fsynced")
    return _call([python, "-m", "fault", *arguments])


def _lock(arguments: list[str]) -> int:
    if shutil.which("uv") is None:
        raise SetupError("locks are made with uv: pip install uv")
    for source in sorted(environment.LOCKS.glob("*.in")):
        if source.stem == "build":
            continue
        inputs: list[str | Path] = [source]
        if not environment.is_apart(source.stem):
            inputs += ["pyproject.toml"] if source.stem == "runtime" else ["pyproject.toml", "--extra", "demo"]
        target = source.with_suffix(".txt")
        code = _call(["uv", "pip", "compile", "--quiet", *LOCK_OPTIONS, *arguments, *inputs, "-o", target], stdout=subprocess.DEVNULL)
        if code != 0:
            return code
    return 0


def _clean(arguments: list[str]) -> int:
    names = (
        ".venv",
        ".tools",
        "build",
        "dist",
        "out",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".import_linter_cache",
        ".hypothesis",
    )
    for name in names:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    return 0


def _call(command: Sequence[str | Path], stdout: int | None = None) -> int:
    return subprocess.run(command, cwd=ROOT, env=environment.variables(), stdout=stdout).returncode


ALL = {
    "demo": Verb("start everything with invented people and real servers; prints the console's address", _demo),
    "test": Verb("run all tests", _test),
    "check": Verb("lint, types, import rules, structure and record tests", _check),
    "bench": Verb("measure the gateway, decisions of policy and scanning for sensitive data, each beside others", _bench),
    "bench-search": Verb("measure search in a large book beside DuckDB and SQLite (--calls N; the default is 2,000,000)", _bench_search),
    "conformance": Verb("run the MCP conformance suite directly and through the gateway", _conformance),
    "fault": Verb("kill, fill the disk, drop unsynced data, and count what was lost", _fault),
    "setup": Verb("only make the virtual environment", _setup),
    "docs": Verb("write the generated pages and tables of docs/", _docs),
    "pictures": Verb("take the pictures of docs/images from the running demo", _pictures),
    "format": Verb("format the code", _format),
    "lock": Verb("make requirements/*.txt anew (--upgrade for newer versions)", _lock),
    "clean": Verb("remove all that was installed or made", _clean),
}
