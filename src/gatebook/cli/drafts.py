"""Drafts that the keeper tries on past calls: files to one text and back, times, and a job that is watched until it has a result."""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from gatebook.cli import asking, book_access
from gatebook.cli.apply import read_files
from gatebook.cli.main import Problem, read_settings
from gatebook.cli.progress import Progress
from gatebook.cli.width import clean

_AGE: Final = re.compile(r"\d+[smhdw]")
_PLACE: Final = re.compile(r"^draft:(\d+)")
_EXAMPLES: Final = 5
_BETWEEN: Final = "\n---\n"


class Draft:
    """The text of some files, and where each line of it comes from. Raises Problem for a file that cannot be read."""

    def __init__(self, names: list[str]) -> None:
        files = [text for name in names for text in read_files(name)]
        self.text = _BETWEEN.join(file["text"] for file in files)
        self._begins: list[tuple[int, str]] = []
        line = 1
        for file in files:
            self._begins.append((line, file["source"]))
            line += file["text"].count("\n") + _BETWEEN.count("\n")

    def placed(self, problem: str) -> str:
        """A problem of the draft as one of the file that it stands in."""
        found = _PLACE.match(problem)
        if found is None:
            return problem
        begin, source = [one for one in self._begins if one[0] <= int(found[1])][-1]
        return f"{source}:{int(found[1]) - begin + 1}{problem[found.end() :]}"


def bound(name: str, value: str | None, now_us: int) -> int | None:
    """A time that an option gives: an age such as 7d, or a moment. Raises Problem."""
    if value is not None and _AGE.fullmatch(value):
        value = f"-{value}"
    return asking.bound(name, value, now_us)


def of_each_kind(examples: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A few examples of each kind of change: twenty of the first would hide the second."""
    shown: Counter[tuple[str, str]] = Counter()
    for one in examples:
        shown[one["was"], one["now"]] += 1
        if shown[one["was"], one["now"]] <= _EXAMPLES:
            yield one


def result_of(args: argparse.Namespace, path: str, draft: Draft, order: dict[str, Any], words: str) -> Any:
    """Begin a job at an address of the API, and watch it until it is done. Raises Problem when there is no result; `words` say what is done."""
    settings = read_settings(args)
    progress = Progress(sys.stderr)
    try:
        documents = {"documents": draft.text, **order}
        job = book_access.job(settings, path, documents, lambda done: progress.show(round(done * 1000), 1000, words))
    except book_access.Refused as refused:
        raise Problem("\n".join(clean(draft.placed(one)) for one in refused.members.get("problems") or [str(refused)])) from None
    finally:
        progress.end()
    if job["state"] == "failed":
        raise Problem(f"there is no result: {clean(job['failure'])}")
    return job["result"]
