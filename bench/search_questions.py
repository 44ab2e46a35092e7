"""The questions of the search benchmark, each with values that change from turn to turn, as addresses of the API and of the bare index."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlencode

from bench.corpus import CHUNK, END_US, Corpus, rare_parts, rare_words
from bench.corpus_text import repository
from gatebook.index.cursor import Place, encode

TURNS: Final = 30
WARM_UPS: Final = 3
DAY_US: Final = 86_400_000_000
FACETS: Final = ("connector", "tool", "person", "status", "client")
FACET_VALUES: Final = 20
BUCKETS: Final = 60
NEWEST_MS: Final = 150.0
_SAMPLES: Final = 12
METADATA_BYTES: Final = 350
"""What the metadata of a call counts as in the raw size, beside its arguments and response."""
_TYPES: Final = ("iban", "card_number", "api_key", "private_key", "passport", "email", "phone")
_CLASSES: Final = ("invalid_input", "not_found", "permission", "rate_limited", "upstream_down", "timeout")
_CLIENTS: Final = ("claude-ai", "Cursor", "Visual Studio Code", "ChatGPT", "codex", "claude-code")


@dataclass(frozen=True)
class Asked:
    """One question with its values: what is got from the API, one after the other, and what the bare index is asked; none: it is not compared."""

    paths: tuple[str, ...]
    bare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A row of the table. `goal_ms` is for p95; `key` names the same question to other stores."""

    name: str
    goal_ms: float | None
    ask: Callable[[int], Asked]
    key: str = ""


class Known(NamedTuple):
    """A call that is in the book."""

    call_id: str
    session: str
    time_us: int


class Values:
    """What is asked for in a turn; turns from TURNS on are for warming up."""

    def __init__(self, calls: int) -> None:
        self.corpus = Corpus(calls)
        chunks = max(1, calls // CHUNK)
        starts = [chunks * number // _SAMPLES * CHUNK for number in range(min(_SAMPLES, chunks))]
        rows = [self.corpus.chunk(start, min(CHUNK, calls - start)) for start in starts]
        step = TURNS + WARM_UPS
        picked = [part[(at // len(rows) * 997 + at * 31) % len(part)] for at in range(step) for part in [rows[at % len(rows)]]]
        self._rows = [Known(row.call_id, row.session, row.time) for row in picked]
        self._raw_bytes = sum(len(row.arguments) + len(row.response) + METADATA_BYTES for part in rows for row in part)
        self._sampled = sum(len(part) for part in rows)
        self._words = [needle.text for needle in rare_words(calls)]
        self._parts = [needle.text[1:-1] for needle in rare_parts(calls)]

    def take(self, known: list[Known]) -> None:
        """Ask for these calls instead of those of the corpus, where an index holds others."""
        self._rows = [known[turn % len(known)] for turn in range(len(self._rows))]

    def raw_bytes(self) -> int:
        """Raw bytes of the whole corpus, as far as a sample tells."""
        return self._raw_bytes * self.corpus.calls // self._sampled

    def person(self, turn: int, rank: int = 300, step: int = 13) -> str:
        """A person; the most frequent has rank 0."""
        return str(self.corpus.people[rank + turn * step]["person"])

    def tool(self, turn: int) -> str:
        """A tool, from frequent to rare."""
        return self.corpus.tools[turn * 17 % 600][1]

    def connector(self, turn: int) -> str:
        """A connector, from frequent to rare."""
        return self.corpus.tools[turn % 40][0]

    def client(self, turn: int) -> str:
        """An app."""
        return _CLIENTS[turn % len(_CLIENTS)]

    def repository(self, turn: int) -> str:
        """A repository of middling frequency."""
        return "/".join(repository(40 + turn * 11))

    def session(self, turn: int) -> str:
        """A session that there was."""
        return self._rows[turn].session

    def call_id(self, turn: int) -> str:
        """A call that there was."""
        return self._rows[turn].call_id

    def place(self, turn: int) -> str:
        """A cursor somewhere in the middle of the book."""
        return encode(Place(self._rows[turn].time_us, self._rows[turn].call_id))

    def word(self, turn: int) -> str:
        """A word that is in three calls."""
        return self._words[turn]

    def part(self, turn: int) -> str:
        """A piece of a word in the arguments of three calls."""
        return self._parts[turn]

    def common(self, turn: int) -> str:
        """A word that is in many calls."""
        return self.corpus.words[2 + turn]

    def middling(self, turn: int) -> str:
        """A word that some of a person's calls have."""
        return self.corpus.words[500 + turn * 7]

    def month(self, turn: int) -> tuple[int, int]:
        """Thirty days, another half hour each time, microseconds since 1970."""
        until_us = END_US - turn * 1_800_000_000
        return until_us - 30 * DAY_US, until_us


def questions(values: Values, live: Callable[[int], str]) -> list[Question]:
    """Return all questions; `live(turn)` is the id of a call that was written a moment ago."""
    return [*_newest(values), *_counts(values), *_words(values), *_single(values, live)]


def _newest(values: Values) -> list[Question]:
    filters: list[tuple[str, str, Callable[[int], str]]] = [
        ("no filter", "newest", lambda turn: ""),
        ("a frequent person", "person frequent", lambda turn: f"person:{values.person(turn, 0, 1)}"),
        ("a person of middling use", "person", lambda turn: f"person:{values.person(turn)}"),
        ("a rare person", "person rare", lambda turn: f"person:{values.person(turn, 4000, 29)}"),
        ("an unknown person", "person unknown", lambda turn: f"person:nobody{turn}"),
        ("connector, status", "", lambda turn: f"connector:{values.connector(turn)} status:timeout"),
        ("tool, decision", "", lambda turn: f"tool:{values.tool(turn)} decision:blocked"),
        (
            "person, tool, decision: no hit",
            "no hit",
            lambda turn: f"person:{values.person(turn)} tool:{values.tool(turn)} decision:blocked status:ok",
        ),
        (
            "connector, status, client",
            "three filters",
            lambda turn: f'connector:{values.connector(turn)} status:tool_error client:"{values.client(turn)}"',
        ),
        ("group", "group", lambda turn: f"group:team-{turn}"),
        ("client, class of error", "", lambda turn: f'client:"{values.client(turn)}" error_class:{_CLASSES[turn // 6 % 6]}'),
        ("duration above some seconds", "", lambda turn: f"duration:>{2 + turn / 10:g}s"),
        ("finding", "", lambda turn: f"finding:{_TYPES[turn % 7]} connector:{values.connector(turn)}"),
        ("argument above a number", "", lambda turn: f"args.limit:>{165 + turn} connector:{values.connector(turn)}"),
        ("argument equal", "", lambda turn: f'args.repo:"{values.repository(turn)}"'),
        ("session", "", lambda turn: f"session:{values.session(turn)}"),
        ("not ok", "", lambda turn: f"-status:ok connector:{values.connector(turn)}"),
        (
            "one of several",
            "",
            lambda turn: f"person:{values.person(turn)} OR (tool:{values.tool(turn)} status:timeout) OR rule:no-bulk-export",
        ),
        ("wildcards", "", lambda turn: f"tool:{values.tool(turn)[:6]}* person:*{values.person(turn)[-4:]}"),
        ("person and rule, in one month", "", lambda turn: f"person:{values.person(turn)} -rule:default-deny duration:>100ms"),
    ]
    found = [Question(f"newest 50: {name}", NEWEST_MS, _search(query), key) for name, key, query in filters]
    found[-1] = Question(found[-1].name, NEWEST_MS, _search(filters[-1][2], values.month))
    older = Question(
        "50 older than a place: connector",
        NEWEST_MS,
        lambda turn: _pages({"q": f"connector:{values.connector(turn)}", "before": values.place(turn)}, "search"),
    )
    return [*found, older]


def _counts(values: Values) -> list[Question]:
    def overview(query: Callable[[int], str]) -> Callable[[int], Asked]:
        def ask(turn: int) -> Asked:
            since_us, until_us = values.month(turn)
            range_us = {"q": query(turn), "since": str(since_us), "until": str(until_us)}
            histogram = {**range_us, "step_s": str(30 * DAY_US // BUCKETS // 1_000_000)}
            return Asked(
                (
                    f"/api/v1/histogram?{urlencode(histogram)}",
                    f"/api/v1/facets?{urlencode({**range_us, 'fields': ','.join(FACETS), 'limit': str(FACET_VALUES)})}",
                ),
                (_bare("histogram", histogram), _bare("facets", range_us)),
            )

        return ask

    def month_count(turn: int) -> Asked:
        since_us, until_us = values.month(turn)
        return _pages({"q": "status:ok", "since": str(since_us), "until": str(until_us), "count": "1", "limit": "1"}, "count")

    return [
        Question("30-day histogram and 5 facets: no filter", 400.0, overview(lambda turn: ""), "overview"),
        Question(
            "30-day histogram and 5 facets: client and not ok", 400.0, overview(lambda turn: f'client:"{values.client(turn)}" -status:ok')
        ),
        Question("30-day histogram and 5 facets: a group", 400.0, overview(lambda turn: f"group:team-{turn}")),
        Question("count of 30 days, status", None, month_count, "count"),
    ]


def _words(values: Values) -> list[Question]:
    return [
        Question("rare word in any payload", 200.0, _search(values.word), "rare word"),
        Question("rare piece of a word in arguments", 500.0, _search(lambda turn: f"arguments:*{values.part(turn)}*"), "substring"),
        Question("word and person", None, _search(lambda turn: f"person:{values.person(turn)} {values.middling(turn)}"), "word and person"),
        Question("common word, newest 50", None, _search(values.common), "common word"),
    ]


def _single(values: Values, live: Callable[[int], str]) -> list[Question]:
    def by_id(turn: int) -> Asked:
        return _pages({"q": f"call:{values.call_id(turn)}", "limit": "1"}, "search")

    return [
        Question("one call by id", 50.0, by_id, "by id"),
        Question("one call by id with its payloads, from the log", 50.0, lambda turn: Asked((f"/api/v1/calls/{live(turn)}",))),
    ]


def _search(query: Callable[[int], str], month: Callable[[int], tuple[int, int]] | None = None) -> Callable[[int], Asked]:
    def ask(turn: int) -> Asked:
        asked = {"q": query(turn)}
        if month is not None:
            since_us, until_us = month(turn)
            asked |= {"since": str(since_us), "until": str(until_us)}
        return _pages(asked, "search")

    return ask


def _pages(asked: dict[str, str], kind: str) -> Asked:
    return Asked((_path(asked),), (_bare(kind, asked),))


def _path(asked: dict[str, str]) -> str:
    return f"/api/v1/calls?{urlencode(asked)}"


def _bare(kind: str, asked: dict[str, str]) -> str:
    return f"/bench/bare?{urlencode({**asked, 'ask': kind})}"
