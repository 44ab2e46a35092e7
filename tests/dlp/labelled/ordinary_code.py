"""Ordinary results of connectors for code: logs, differences, files, searches, locks, builds."""

import json
from collections.abc import Callable
from typing import Any

from tests.dlp.labelled import ordinary_words as words
from tests.dlp.labelled.draw import HEX, Draw
from tests.dlp.labelled.values_secret import base64_of


def git_log(draw: Draw) -> str:
    """One line for each commit, or whole commits without addresses."""
    if draw.number(0, 1):
        return "\n".join(
            f"{words.sha(draw)[:8]} {draw.pick(words.VERBS)} the {draw.pick(words.NOUNS)} (#{draw.number(1, 9999)})" for _ in range(12)
        )
    return "\n\n".join(
        f"commit {words.sha(draw)}\nAuthor: {words.person(draw)}\nDate:   {words.stamp(draw)}\n\n    {words.sentence(draw)}"
        for _ in range(4)
    )


def git_diff(draw: Draw) -> str:
    """A difference of one file."""
    path = words.path(draw)
    start = draw.number(1, 900)
    lines = [f"diff --git a/{path} b/{path}", f"index {draw.chars(HEX, 7)}..{draw.chars(HEX, 7)} 100644", f"--- a/{path}", f"+++ b/{path}"]
    lines += [f"@@ -{start},7 +{start},9 @@ def {draw.pick(words.NOUNS)}():"]
    for _ in range(8):
        lines.append(
            f"{draw.pick('+- ')}    {draw.pick(words.NOUNS)} = {draw.pick(words.NOUNS)}.{draw.pick(words.NOUNS)}({draw.number(0, 99999)})"
        )
    return "\n".join(lines)


def listing(draw: Draw) -> str:
    """A list of files with sizes and times."""
    return "\n".join(
        f"-rw-r--r--  1 app  app  {draw.number(1, 10**8):>9} {words.date(draw)} {words.clock(draw)[:5]} {words.path(draw)}"
        for _ in range(10)
    )


def python_file(draw: Draw) -> str:
    """A small module."""
    noun, other = draw.pick(words.NOUNS), draw.pick(words.NOUNS)
    return (
        f'"""{words.sentence(draw)}"""\n\nimport os\n\n{noun.upper()}_MAX = {draw.number(10, 10**7)}\n{other.upper()} = os.environ.get("{other.upper()}")\n\n\n'
        f"def {noun}_of({other}: str, password: str) -> int:\n    # {words.sentence(draw)}\n"
        f"    token = read_token({other})\n    return {draw.number(1, 999)} * len(token) + 0x{draw.chars(HEX, 8)}\n"
    )


def script(draw: Draw) -> str:
    """A piece of a web page's program, made small."""
    numbers = ",".join(str(draw.number(0, 2**31)) for _ in range(12))
    names = ",".join(f"{letter}:{draw.number(0, 1 << 20)}" for letter in "abcdefg")
    return f'!function(e,t){{var n=[{numbers}],r={{{names}}};e.{draw.pick(words.NOUNS)}=t(n,r)}}(this,function(e){{return"{words.slug(draw)}"+e.length}});'


def lock_file(draw: Draw) -> str:
    """Packages with versions and hashes."""
    packages = {}
    for _ in range(4):
        version = f"{draw.number(0, 20)}.{draw.number(0, 40)}.{draw.number(0, 99)}"
        packages[f"node_modules/@{draw.pick(words.NOUNS)}/{words.slug(draw)}"] = {
            "version": version,
            "integrity": "sha512-" + base64_of(64)(draw),
        }
    return json.dumps({"lockfileVersion": 3, "packages": packages}, indent=2)


def hashes(draw: Draw) -> str:
    """Checksums of files of a release."""
    return "\n".join(
        f"{draw.chars(HEX, draw.pick((32, 40, 64)))}  {words.slug(draw)}-{draw.number(1, 30)}.{draw.number(0, 9)}.tar.gz" for _ in range(6)
    )


def search(draw: Draw) -> dict[str, Any]:
    """Hits of a search in code."""
    hits = [
        {"path": words.path(draw), "line": draw.number(1, 2000), "sha": words.sha(draw), "text": words.sentence(draw)} for _ in range(5)
    ]
    return {"total_count": draw.number(5, 9000), "incomplete_results": False, "items": hits}


def issues(draw: Draw) -> dict[str, Any]:
    """Issues of a project."""
    found = []
    for _ in range(4):
        number = draw.number(1, 99999)
        found.append(
            {
                "id": draw.number(10**8, 10**10),
                "node_id": "I_kwDO" + draw.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 12),
                "number": number,
                "title": words.sentence(draw),
                "html_url": f"https://github.com/acme/{words.slug(draw)}/issues/{number}",
                "user": {"login": draw.pick(words.FIRST_NAMES).lower() + str(draw.number(1, 99)), "id": draw.number(1000, 10**8)},
                "labels": [draw.pick(words.NOUNS), draw.pick(words.ADJECTIVES)],
                "created_at": words.stamp(draw),
            }
        )
    return {"issues": found}


def build(draw: Draw) -> str:
    """The log of a build."""
    lines = [f"##[group]Run {words.slug(draw)}"]
    lines += [f"{words.stamp(draw)} step {step}/9: {words.sentence(draw)} ({draw.number(1, 90000)} ms)" for step in range(1, 7)]
    return "\n".join([*lines, f"Cache restored from key: linux-node-{draw.chars(HEX, 64)}", f"exit code {draw.number(0, 137)}"])


def trace(draw: Draw) -> str:
    """A stack trace."""
    frames = [f'  File "/srv/app/{words.path(draw)}", line {draw.number(1, 900)}, in {draw.pick(words.NOUNS)}' for _ in range(5)]
    return "\n".join(["Traceback (most recent call last):", *frames, f"ValueError: {words.sentence(draw)}"])


def container(draw: Draw) -> str:
    """What runs where."""
    rows = [
        f"{draw.chars(HEX, 12)}   registry.tallpine.io/acme/{words.slug(draw)}:{draw.number(1, 9)}.{draw.number(0, 40)}.{draw.number(0, 9)}   Up {draw.number(2, 59)} hours   0.0.0.0:{draw.number(1024, 65535)}->8080/tcp"
        for _ in range(4)
    ]
    return "\n".join(["CONTAINER ID   IMAGE   STATUS   PORTS", *rows])


MAKERS: dict[str, Callable[[Draw], Any]] = {
    "git log": git_log, "git diff": git_diff, "file listing": listing, "python file": python_file, "small script": script,
    "lock file": lock_file, "hashes": hashes, "code search": search, "issues": issues, "build log": build, "stack trace": trace,
    "containers": container,
}  # fmt: skip
