"""A made-up book of any size, the same for the same seed: 5,000 people (Zipf), 40 connectors, 600 tools, realistic sizes, and needles to find.

    python -m bench.corpus --calls 1000 > rows.ndjson        # look at it

Rows come as `gatebook.index.FullRow`, in the order of time, ready for `Index.insert`. Calls come in sessions: one person with one app and mostly one connector,
some calls after each other, by day more than by night. Payloads are put together from a vocabulary (`corpus_text`), so that common and rare words have the
frequencies of written text; about 521 bytes of arguments and 1,779 of response on average.
"""

import argparse
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from bench import corpus_text
from bench.corpus_text import READS, REPOSITORIES, Draws, Texts, zipf
from gatebook.index.rows import FullRow
from gatebook.query.paths import SEPARATOR
from gatebook.query.text import fold

CORPUS_VERSION: Final = 2
"""Raise it with every change of what comes out."""
PEOPLE, CONNECTORS, TOOLS, GROUPS = 5_000, 40, 600, 60
DAYS: Final = 150
END_US: Final = 1_793_491_200_000_000
"""2026-11-01T00:00:00Z: the newest call is right before it."""
CHUNK: Final = 10_000
RARE: Final = 60
"""So many rare words, and as many rare pieces of words in arguments, are hidden beside the needles."""
_VERBS: Final = "get list search create update delete send export merge close assign comment upload share archive".split()
_NOUNS: Final = "issue page message file row ticket deal contact invoice branch report event channel record document".split()
_NAMES: Final = "github slack jira linear notion drive gmail salesforce hubspot zendesk stripe snowflake postgres s3 figma asana".split()
_HOSTS: Final = ("api.github.com", "slack.com", "jira.corp.example", "api.linear.app", "api.notion.com", "www.googleapis.com")
"""Connectors with these numbers say which API requests they made."""
_FIRST: Final = "anna ben clara david elena felix grace hugo irene jonas karin lukas maria noah olga paul quinn rosa simon tina".split()
_DEPARTMENTS: Final = ("engineering", "sales", "finance", "support", "legal", "marketing", "operations", "people")
_CLIENTS: Final = (
    ("claude-ai", 0.42),
    ("Cursor", 0.2),
    ("Visual Studio Code", 0.14),
    ("ChatGPT", 0.12),
    ("codex", 0.08),
    ("claude-code", 0.04),
)
_STATUS: Final = (
    ("ok", 0.93, "ok", ""),
    ("tool_error", 0.015, "ok", "invalid_input"),
    ("tool_error", 0.009, "ok", "not_found"),
    ("tool_error", 0.004, "ok", "permission"),
    ("tool_error", 0.002, "ok", "rate_limited"),
    ("blocked", 0.02, "not_sent", "policy"),
    ("upstream_error", 0.006, "http_error", "upstream_down"),
    ("upstream_error", 0.002, "http_error", "upstream_invalid"),
    ("timeout", 0.005, "timeout", "timeout"),
    ("protocol_error", 0.004, "ok", "not_found"),
    ("cancelled", 0.003, "cancelled", "cancelled"),
)
_FINDINGS: Final = (
    ("email", "personal/email", "low"),
    ("phone", "personal/phone", "low"),
    ("iban", "financial/iban", "high"),
    ("card_number", "financial/card", "high"),
    ("api_key", "secret/api_key", "critical"),
    ("private_key", "secret/private_key", "critical"),
    ("passport", "personal/passport", "medium"),
)
_RARE_LETTERS: Final = "cghjqwxy"
_HOURS: Final = np.array(
    [0.25, 0.2, 0.2, 0.2, 0.25, 0.35, 0.6, 1, 1.6, 2.1, 2.2, 2.0, 1.6, 2.0, 2.1, 2.0, 1.8, 1.4, 1, 0.8, 0.6, 0.5, 0.4, 0.3]
)


@dataclass(frozen=True)
class Needle:
    """A rare thing that was hidden, where, and in how many calls."""

    text: str
    part: str
    calls: tuple[int, ...]


def needles(calls: int) -> list[Needle]:
    """Return what is hidden in a corpus of this size: words (3 calls each), mixed case, punctuation, beyond ASCII, and pieces of longer words."""
    texts = [
        ("zanzibarite", "response"),
        ("Quokkamorph", "response"),
        ("xylotheca77", "arguments"),
        ("ACME-4711/x", "arguments"),
        ("ilse.kraus@nadel.example", "response"),
        ("Großmünster", "response"),
        ("第七艦隊", "arguments"),
        ("prefixabcsuffix", "arguments"),
    ]
    return _hidden(texts, calls, 99)


def rare_words(calls: int) -> list[Needle]:
    """Return further rare words, 3 calls each, in arguments and responses by turns."""
    return _hidden([(_rare_word(number), ("response", "arguments")[number % 2]) for number in range(RARE)], calls, 100)


def rare_parts(calls: int) -> list[Needle]:
    """Return rare pieces of words in arguments, 3 calls each; the words begin and end with what other words have too."""
    return _hidden([(f"to{_rare_word(RARE + number)}la", "arguments") for number in range(RARE)], calls, 101)


class Corpus:
    """The generator. `calls` rows over `DAYS` days; the same seed and size give the same rows."""

    def __init__(self, calls: int, seed: int = 7) -> None:
        self.calls = calls
        self._seed = seed
        self.people = [_person(number) for number in range(PEOPLE)]
        self.tools = [_tool(number) for number in range(TOOLS)]
        self._texts = Texts(np.random.default_rng(seed))
        self.words = self._texts.words
        self._weights = {
            "people": zipf(PEOPLE, 1.1),
            "tools": zipf(TOOLS, 1.05),
            "places": zipf(TOOLS // CONNECTORS, 1.05),
            "repositories": zipf(REPOSITORIES, 1.0),
            "status": _weights(_STATUS),
            "clients": _weights(_CLIENTS),
        }
        self._clock = _Clock()
        self._needles: dict[int, list[Needle]] = {}
        for needle in (*needles(calls), *rare_words(calls), *rare_parts(calls)):
            for at in needle.calls:
                self._needles.setdefault(at, []).append(needle)

    def chunks(self, start: int = 0) -> Iterator[list[FullRow]]:
        """Yield all rows from number `start` on, a multiple of CHUNK, oldest first, some thousands at a time."""
        for at in range(start, self.calls, CHUNK):
            yield self.chunk(at, min(CHUNK, self.calls - at))

    def chunk(self, start: int, count: int) -> list[FullRow]:
        """Return the rows from number `start`, a multiple of CHUNK; any chunk can be made without those before it."""
        random = np.random.default_rng((self._seed, start))
        draw = {**self._sessions(random, start, count), **self._payloads(random, count)}
        draw |= {
            "status": random.choice(len(_STATUS), count, p=self._weights["status"]).tolist(),
            "upstream": random.lognormal(11.6, 1.2, count).astype(np.int64).tolist(),
            "chance": random.random(count).tolist(),
            "picks": random.integers(0, 1 << 31, count).tolist(),
            "limits": random.integers(1, 201, count).tolist(),
            "repositories": random.choice(REPOSITORIES, count, p=self._weights["repositories"]).tolist(),
            "ids": random.bytes(count * 10),
        }
        return [self._row(start + at, at, draw) for at in range(count)]

    def _sessions(self, random: np.random.Generator, start: int, count: int) -> dict[str, Any]:
        """Who calls what when: sessions of some calls each, merged into the order of time."""
        lengths = random.geometric(1 / 8, count)
        sessions = int(np.searchsorted(np.cumsum(lengths), count)) + 1
        of = np.repeat(np.arange(sessions), lengths[:sessions])[:count]
        first_us, end_us = self._clock.at(start / self.calls), self._clock.at((start + count) / self.calls)
        gaps = np.cumsum(random.exponential(35_000_000, count))
        begins = np.searchsorted(of, np.arange(sessions))
        since = np.minimum(gaps - gaps[begins][of], 0.9 * (end_us - first_us))
        longest = np.maximum.reduceat(since, begins)
        starts = first_us + random.random(sessions) * (end_us - first_us - longest)
        times = (starts[of] + since).astype(np.int64)
        tools = random.choice(TOOLS, count, p=self._weights["tools"])
        main = random.choice(TOOLS, sessions, p=self._weights["tools"])[of] % CONNECTORS
        beside = main + CONNECTORS * random.choice(TOOLS // CONNECTORS, count, p=self._weights["places"])
        order = np.argsort(times, kind="stable")
        columns = {
            "people": random.choice(PEOPLE, sessions, p=self._weights["people"])[of],
            "clients": random.choice(len(_CLIENTS), sessions, p=self._weights["clients"])[of],
            "sessions": of,
            "steps": np.arange(count) - begins[of],
            "tools": np.where(random.random(count) < 0.7, beside, tools),
            "times": times,
        }
        return {name: column[order].tolist() for name, column in columns.items()}

    def _payloads(self, random: np.random.Generator, count: int) -> dict[str, Any]:
        """Which sentences and things each call holds: numbers, and where those of each call end."""
        asked, answered, items = random.geometric(1 / 3.9, count), random.geometric(1 / 12.4, count), random.geometric(1 / 9, count)
        sentences, things = len(self._texts.sentences), len(self._texts.items)
        return {
            "asked": random.integers(0, sentences, int(asked.sum())).tolist(),
            "asked_ends": np.cumsum(asked).tolist(),
            "answered": random.integers(0, sentences, int(answered.sum())).tolist(),
            "answered_ends": np.cumsum(answered).tolist(),
            "items": random.integers(0, things, int(items.sum())).tolist(),
            "item_ends": np.cumsum(items).tolist(),
        }

    def _texts_of(self, number: int, at: int, draw: dict[str, Any], tool: str, outcome: tuple[str, str]) -> dict[str, Any]:
        """The payloads of a call with a status and error class, and what is counted of them."""
        status, error_class = outcome
        verb, _, noun = tool.partition("_")
        sentences = self._texts.sentences
        asked = " ".join([sentences[pick] for pick in _cut(draw["asked"], draw["asked_ends"], at)])
        arguments, args = corpus_text.arguments(verb, noun, Draws(draw["picks"][at], draw["limits"][at], draw["repositories"][at]), asked)
        response, returned = "", 0
        if status in ("ok", "tool_error", "protocol_error", "upstream_error"):
            answered = "\n".join([sentences[pick] for pick in _cut(draw["answered"], draw["answered_ends"], at)])
            items = (
                [self._texts.items[pick] for pick in _cut(draw["items"], draw["item_ends"], at)] if verb in READS and status == "ok" else []
            )
            response = corpus_text.response(answered, items, error_class, number)
            returned = (len(items) or 1) if status == "ok" else 0
        for needle in self._needles.get(number, ()):
            note = f',"note":"{fold(needle.text)}"}}'
            if needle.part == "arguments":
                arguments, args = arguments[:-1] + note, (*args, f"note{SEPARATOR}{fold(needle.text)}")
            else:
                response = (response[:-1] or "{") + note
        return {
            "arguments": arguments,
            "response": response,
            "args": args,
            "returned": returned,
            "bytes_in": len(arguments),
            "bytes_out": len(response),
        }

    def _row(self, number: int, at: int, draw: dict[str, Any]) -> FullRow:
        person_number, tool_number = draw["people"][at], draw["tools"][at]
        person, (connector, tool) = self.people[person_number], self.tools[tool_number]
        status, _, transport, error_class = _STATUS[draw["status"][at]]
        client, pick = _CLIENTS[draw["clients"][at]][0], draw["picks"][at]
        time_us = draw["times"][at]
        upstream_us = draw["upstream"][at] if transport != "not_sent" else 0
        session = f"{person_number:05x}{number // CHUNK:06x}{draw['sessions'][at]:05x}"
        return FullRow(
            call_id=_uuid7(time_us, draw["ids"][at * 10 : at * 10 + 10]),
            time=time_us,
            finished=time_us + upstream_us + 900,
            duration_us=upstream_us + 900,
            gateway_us=200 + pick % 200,
            policy_us=40 + pick % 40,
            log_us=700 - pick % 240,
            upstream_us=upstream_us,
            **person,
            actor_kind="person",
            auth="token",
            client=client,
            client_version=f"1.{person_number % 9}.0",
            user_agent=f"{client.lower().replace(' ', '-')}/1.{person_number % 9}.0",
            session=session,
            connector=connector,
            tool=tool,
            tool_hash=f"{tool_number * 2654435761 % 2**32:08x}" * 8,
            method="tools/call",
            endpoint="/mcp" if pick % 3 else f"/mcp/{connector}",
            protocol=("2025-11-25", "2025-06-18", "2026-07-28")[pick % 3],
            request_id=str(draw["steps"][at] + 2),
            status=status,
            transport=transport,
            http_status={"not_sent": 0, "timeout": 0, "cancelled": 0, "http_error": 503}.get(transport, 200),
            rpc_code=-32601 if status == "protocol_error" else 0,
            is_error=status == "tool_error",
            error_class=error_class,
            bundle=f"5f2e9a7c41d0b6{8 + time_us // (7 * 86_400_000_000) % 40:02x}",
            trace=f"{number * 2654435761 % 2**64:016x}{pick:016x}",
            credential=f"{connector}/header:authorization",
            credential_kind="header",
            server=f"10.9.0.{tool_number % CONNECTORS + 1}:8443",
            payload="kept",
            stream=f"node1-w{number % 2}",
            started_seq=number + 1,
            started_segment=number // 5000 * 5000 + 1,
            started_offset=number % 5000 * 2400,
            outcome_seq=number + 2,
            outcome_segment=number // 5000 * 5000 + 1,
            outcome_offset=number % 5000 * 2400 + 1100,
            **self._texts_of(number, at, draw, tool, (status, error_class)),
            **_governance(status, connector, tool, draw["chance"][at], pick),
            **_api(tool_number % CONNECTORS, tool, transport),
        )


class _Clock:
    """Maps shares of the corpus to times, so that working hours are busier than nights and weekends."""

    def __init__(self) -> None:
        begin_us = END_US - DAYS * 86_400_000_000
        self._edges = begin_us + np.arange(DAYS * 24 + 1) * 3_600_000_000.0
        first_day = begin_us // 86_400_000_000
        week = [0.2 if (first_day + day + 3) % 7 >= 5 else 1.0 for day in range(DAYS)]
        self._shares = np.concatenate([[0.0], np.cumsum(np.outer(week, _HOURS).ravel())])
        self._shares /= self._shares[-1]

    def at(self, share: float) -> float:
        """Time in microseconds since 1970 before which this share of all calls lies."""
        return float(np.interp(share, self._shares, self._edges))


def _governance(status: str, connector: str, tool: str, chance: float, pick: int) -> dict[str, Any]:
    """Decision and findings: of blocked calls a rule with its reason; about 1 % of all calls with findings, half of them redacted."""
    grant = f"connector/{connector}:allow.groups[{'staff' if pick % 5 else 'contractors'}]"
    if status == "blocked":
        kind = pick % 4
        if kind == 0:
            return {"effect": "blocked", "rules": ("default-deny",), "reason": f"You have no access to the connector {connector}."}
        if kind == 1:
            rule = f"connector/{connector}:tools.deny[{tool.partition('_')[0]}_*]"
            reason = f"The tool {tool} of the connector {connector} is denied."
            return {"effect": "blocked", "rules": (rule, grant), "reason": reason}
        rule = ("no-secrets", "no-bulk-export")[kind - 2]
        return {
            "effect": "blocked",
            "rules": (rule, grant),
            "reason": f"The rule {rule} does not allow it.",
            **(_findings(pick) if kind == 2 else {}),
        }
    if chance >= 0.01:
        return {"effect": "allowed", "rules": (grant,)}
    redacted = status == "ok" and chance < 0.005
    return {
        "effect": "redacted" if redacted else "allowed",
        "rules": ("redact-personal", grant) if redacted else (grant,),
        **_findings(pick),
    }


def _findings(pick: int) -> dict[str, Any]:
    found = [_FINDINGS[pick % 7]] + ([_FINDINGS[pick // 7 % 7]] if pick % 3 == 0 else [])
    kinds, detectors, severities = (tuple(dict.fromkeys(item[place] for item in found)) for place in range(3))
    return {
        "findings": kinds,
        "detectors": detectors,
        "severities": severities,
        "fingerprints": (f"{pick % 20_011 * 2654435761 % 2**64:016x}",),
    }


def _api(connector: int, tool: str, transport: str) -> dict[str, Any]:
    if connector >= len(_HOSTS) or transport == "not_sent":
        return {}
    reads = tool.partition("_")[0] in READS
    return {
        "api_hosts": (_HOSTS[connector],),
        "api_methods": ("GET",) if reads else ("GET", "POST"),
        "api_statuses": (503 if transport == "http_error" else 200,),
    }


def _person(number: int) -> dict[str, Any]:
    name = f"{_FIRST[number % len(_FIRST)]}.{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{number}"
    team = number % GROUPS
    groups = (f"team-{team}", _DEPARTMENTS[team % len(_DEPARTMENTS)], "staff" if number % 11 else "contractors")
    return {"person": name, "email": f"{name}@corp.example", "name": name.replace(".", " ").title(), "groups": groups, "subject": f"{number * 2654435761 % 2**64:024x}",
            "token": f"t{number:06x}", "ip": f"10.{number >> 8 & 255}.{number & 255}.{number % 250 + 1}"}  # fmt: skip


def _tool(number: int) -> tuple[str, str]:
    connector = number % CONNECTORS
    name = _NAMES[connector % len(_NAMES)] + (f"-{connector // len(_NAMES) + 1}" if connector >= len(_NAMES) else "")
    place = number // CONNECTORS
    return name, f"{_VERBS[place % len(_VERBS)]}_{_NOUNS[(place + connector) % len(_NOUNS)]}"


def _hidden(texts: list[tuple[str, str]], calls: int, seed: int) -> list[Needle]:
    spread = np.random.default_rng(seed)
    return [Needle(text, part, tuple(sorted(int(at) for at in spread.choice(calls, min(3, calls), replace=False)))) for text, part in texts]


def _rare_word(number: int) -> str:
    """A word of letters that no other word has."""
    code = 1_000_003 * (number + 17)
    return "".join(_RARE_LETTERS[code >> 3 * place & 7] for place in range(9))


def _cut(picks: list[int], ends: list[int], at: int) -> list[int]:
    return picks[ends[at - 1] if at else 0 : ends[at]]


def _weights(table: tuple[tuple[Any, ...], ...]) -> Any:
    weight = np.array([row[1] for row in table])
    return weight / weight.sum()


def _uuid7(time_us: int, random: bytes) -> str:
    number = (time_us // 1000 << 80) | (7 << 76) | (int.from_bytes(random[:2], "big") & 0xFFF) << 64
    return str(uuid.UUID(int=number | 0x8000_0000_0000_0000 | int.from_bytes(random[2:], "big") & 0x3FFF_FFFF_FFFF_FFFF))


def main() -> int:
    """Print rows as NDJSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000)
    args = parser.parse_args()
    encode = msgspec.json.Encoder().encode
    for rows in Corpus(args.calls).chunks():
        sys.stdout.buffer.write(b"".join(encode(row) + b"\n" for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
