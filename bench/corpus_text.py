"""What the made-up calls say: a vocabulary with the word frequencies of written text, arguments of five shapes, responses. Payloads are as the index holds them:
JSON in lower case with its escapes undone."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from gatebook.query.paths import VALUE_CHARS_MAX

_SYLLABLES: Final = "ba be bi bo bu da de di do du fa fe ka ke ki ko la le li lo lu ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi za".split()
_WORDS: Final = 60_000
_SENTENCES: Final = 40_000
_ITEMS: Final = 8_000
REPOSITORIES: Final = 2_000
READS: Final = frozenset({"get", "list", "search"})
_STATES: Final = ("open", "closed", "all", "draft", "merged")
_LABELS: Final = ("bug", "p1", "p2", "security", "billing", "customer", "infra", "docs", "blocked", "release")
_FORMATS: Final = ("csv", "json", "xlsx", "pdf")
_FAILURES: Final = {
    "invalid_input": "invalid argument",
    "not_found": "not found",
    "permission": "permission denied",
    "rate_limited": "rate limit exceeded",
    "upstream_down": "bad gateway",
    "upstream_invalid": "unexpected token < in json",
}


@dataclass(frozen=True)
class Draws:
    """Numbers drawn for one call: `pick` is any number from 0 to 2^31, `limit` 1 to 200, `repository` below REPOSITORIES (Zipf)."""

    pick: int
    limit: int
    repository: int


class Texts:
    """Words, sentences, lists of results; the same for the same generator."""

    def __init__(self, random: np.random.Generator) -> None:
        self.words = sorted({_word(random) for _ in range(_WORDS)})
        random.shuffle(self.words)
        self._weight = np.cumsum(zipf(len(self.words), 1.05))
        self.sentences = [self._sentence(random) for _ in range(_SENTENCES)]
        self.items = [self._item(random, number) for number in range(_ITEMS)]

    def _sentence(self, random: np.random.Generator) -> str:
        return " ".join(self._some(random, int(random.integers(6, 15)))) + f" {int(random.integers(0, 100_000))}."

    def _item(self, random: np.random.Generator, number: int) -> str:
        title = " ".join(self._some(random, int(random.integers(3, 8))))
        state = _STATES[number % len(_STATES)]
        return f'{{"id":"i-{number * 7919 % 1_000_003}","title":"{title}","state":"{state}","comments":{number % 23}}}'

    def _some(self, random: np.random.Generator, count: int) -> list[str]:
        picks = np.searchsorted(self._weight, random.random(count)).tolist()
        return [self.words[min(pick, len(self.words) - 1)] for pick in picks]


def repository(number: int) -> tuple[str, str]:
    """Owner and name of a repository."""
    return f"acme-{number % 37}", f"{('web', 'api', 'infra', 'data', 'mobile')[number % 5]}-{number}"


def arguments(verb: str, noun: str, draws: Draws, text: str) -> tuple[str, tuple[str, ...]]:
    """Arguments of a tool named `<verb>_<noun>`, JSON of several keys with `text` as the longest value; and the same by path.

    The paths are those of `gatebook.query.paths.pairs`, which takes longer than all the rest of making a call.
    """
    pick, limit = draws.pick, draws.limit
    owner, name = repository(draws.repository)
    repo, state = f"{owner}/{name}", _STATES[pick // 16 % len(_STATES)]
    label, head = _LABELS[pick % len(_LABELS)], text[:VALUE_CHARS_MAX]
    if verb in READS:
        since, cursor = f"2026-0{pick % 9 + 1}-1{pick % 10}", f"c{pick * 7919 % 1_000_003:x}"
        return (
            f'{{"owner":"{owner}","repo":"{repo}","query":"{text}","filter":{{"state":"{state}","labels":["{label}","{noun}"],'
            f'"since":"{since}"}},"limit":{limit},"cursor":"{cursor}"}}'
        ), (
            f"owner\x1f{owner}",
            f"repo\x1f{repo}",
            f"query\x1f{head}",
            f"filter.state\x1f{state}",
            f"filter.labels\x1f{label}",
            f"filter.labels\x1f{noun}",
            f"filter.since\x1f{since}",
            f"limit\x1f{limit}",
            f"cursor\x1f{cursor}",
        )
    if verb in ("create", "update", "comment", "assign"):
        title, project, first, second = f"{noun} {pick % 9973}", pick % 400, f"u{pick % 5000}", f"u{limit}"
        return (
            f'{{"repo":"{repo}","title":"{title}","body":"{text}","project":{{"id":{project},"key":"{label}"}},'
            f'"assignees":["{first}","{second}"],"labels":["{label}"],"priority":{limit % 5},"draft":false}}'
        ), (
            f"repo\x1f{repo}",
            f"title\x1f{title}",
            f"body\x1f{head}",
            f"project.id\x1f{project}",
            f"project.key\x1f{label}",
            f"assignees\x1f{first}",
            f"assignees\x1f{second}",
            f"labels\x1f{label}",
            f"priority\x1f{limit % 5}",
            "draft\x1ffalse",
        )
    return _others(verb, noun, draws, (repo, label, text))


def _others(verb: str, noun: str, draws: Draws, chosen: tuple[str, str, str]) -> tuple[str, tuple[str, ...]]:
    pick, limit = draws.pick, draws.limit
    repo, label, text = chosen
    head = text[:VALUE_CHARS_MAX]
    if verb in ("send", "share"):
        channel, to, also = f"c{pick % 3000:05x}", f"u{pick % 5000}@corp.example", f"u{limit}@corp.example"
        notify = "true" if limit % 2 else "false"
        return (
            f'{{"channel":{{"id":"{channel}","name":"{label}-{noun}"}},"to":["{to}","{also}"],'
            f'"text":"{text}","thread":{{"id":{pick},"reply":true}},"notify":{notify}}}'
        ), (
            f"channel.id\x1f{channel}",
            f"channel.name\x1f{label}-{noun}",
            f"to\x1f{to}",
            f"to\x1f{also}",
            f"text\x1f{head}",
            f"thread.id\x1f{pick}",
            "thread.reply\x1ftrue",
            f"notify\x1f{notify}",
        )
    if verb in ("export", "upload"):
        form = _FORMATS[limit % 4]
        path = f"/{repo}/{noun}-{pick % 9973}.{form}"
        return (
            f'{{"path":"{path}","format":"{form}","query":"{text}",'
            f'"options":{{"limit":{limit * 50},"compress":true,"columns":["id","{label}","{noun}"]}}}}'
        ), (
            f"path\x1f{path}",
            f"format\x1f{form}",
            f"query\x1f{head}",
            f"options.limit\x1f{limit * 50}",
            "options.compress\x1ftrue",
            "options.columns\x1fid",
            f"options.columns\x1f{label}",
            f"options.columns\x1f{noun}",
        )
    first, third = pick % 100_003, pick % 7919
    return (f'{{"ids":[{first},{limit},{third}],"repo":"{repo}","reason":"{text}","force":false,"meta":{{"{noun}":{{"id":{pick}}}}}}}'), (
        f"ids\x1f{first}",
        f"ids\x1f{limit}",
        f"ids\x1f{third}",
        f"repo\x1f{repo}",
        f"reason\x1f{head}",
        "force\x1ffalse",
        f"meta.{noun}.id\x1f{pick}",
    )


def response(text: str, items: list[str], error_class: str, number: int) -> str:
    """A tool's result: text, a list of things when there are any, or an error."""
    if error_class:
        return f'{{"content":[{{"type":"text","text":"{_FAILURES.get(error_class, error_class)}: {text}"}}],"iserror":true,"id":"r-{number:x}"}}'
    found = f'"structuredcontent":{{"items":[{",".join(items)}],"total":{len(items)}}},' if items else ""
    return f'{{"content":[{{"type":"text","text":"{text}"}}],{found}"id":"r-{number:x}"}}'


def zipf(count: int, exponent: float) -> Any:
    """Weights of Zipf's law, an array whose sum is 1."""
    weight = 1.0 / np.arange(1, count + 1) ** exponent
    return weight / weight.sum()


def _word(random: np.random.Generator) -> str:
    return "".join(_SYLLABLES[pick] for pick in random.integers(0, len(_SYLLABLES), int(random.integers(2, 6))))
