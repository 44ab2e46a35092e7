"""A made-up book of any size, the same for the same seed: 5,000 people (Zipf), 40 connectors, 600 tools, realistic sizes, and needles to find.

    python -m bench.corpus --calls 1000 > rows.ndjson        # look at it

Rows come as `gatebook.index.FullRow`, in the order of time, ready for `Index.insert`. Payloads are put together from a vocabulary, so that common and
rare words have the frequencies of written text; 521 bytes of arguments and 1,779 of response on average.
"""

import argparse
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from gatebook.index.rows import FullRow

PEOPLE, CONNECTORS, TOOLS, GROUPS = 5_000, 40, 600, 60
DAYS = 150
END_US = 1_793_491_200_000_000
"""2026-11-01T00:00:00Z: the newest call is right before it."""
CHUNK = 10_000
_SYLLABLES = "ba be bi bo bu da de di do du fa fe ka ke ki ko la le li lo lu ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi za".split()
_VERBS = "get list search create update delete send export merge close assign comment upload share archive".split()
_NOUNS = "issue page message file row ticket deal contact invoice branch report event channel record document".split()
_NAMES = "github slack jira linear notion drive gmail salesforce hubspot zendesk stripe snowflake postgres s3 figma asana".split()
_FIRST = "anna ben clara david elena felix grace hugo irene jonas karin lukas maria noah olga paul quinn rosa simon tina".split()
_CLIENTS = (("claude-ai", 0.42), ("Cursor", 0.2), ("Visual Studio Code", 0.14), ("ChatGPT", 0.12), ("codex", 0.08), ("claude-code", 0.04))
_STATUS = (
    ("ok", 0.93, "ok", ""),
    ("tool_error", 0.03, "ok", "invalid_input"),
    ("blocked", 0.02, "not_sent", "policy"),
    ("upstream_error", 0.008, "http_error", "upstream_down"),
    ("timeout", 0.005, "timeout", "timeout"),
    ("protocol_error", 0.004, "ok", "not_found"),
    ("cancelled", 0.003, "cancelled", "cancelled"),
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
    spread = np.random.default_rng(99)
    return [Needle(text, part, tuple(sorted(int(at) for at in spread.choice(calls, min(3, calls), replace=False)))) for text, part in texts]


class Corpus:
    """The generator. `calls` rows over `DAYS` days; the same seed and size give the same rows."""

    def __init__(self, calls: int, seed: int = 7) -> None:
        self.calls = calls
        self._seed = seed
        random = np.random.default_rng(seed)
        self.people = [_person(number) for number in range(PEOPLE)]
        self._person_weight = _zipf(PEOPLE, 1.1)
        self.tools = [_tool(number) for number in range(TOOLS)]
        self._tool_weight = _zipf(TOOLS, 1.05)
        self.words = sorted({_word(random) for _ in range(60_000)})
        random.shuffle(self.words)
        self._word_weight = np.cumsum(_zipf(len(self.words), 1.05))
        self._sentences = [self._sentence(random) for _ in range(40_000)]
        self._hidden: dict[int, list[Needle]] = {}
        for needle in needles(calls):
            for at in needle.calls:
                self._hidden.setdefault(at, []).append(needle)

    def chunks(self) -> Iterator[list[FullRow]]:
        """Yield all rows, oldest first, some thousands at a time."""
        for start in range(0, self.calls, CHUNK):
            yield self.chunk(start, min(CHUNK, self.calls - start))

    def chunk(self, start: int, count: int) -> list[FullRow]:
        """Return the rows from number `start`; any chunk can be made without those before it."""
        random = np.random.default_rng((self._seed, start))
        step_us = DAYS * 86_400_000_000 / self.calls
        times = (END_US - DAYS * 86_400_000_000 + (np.arange(start, start + count) + random.random(count)) * step_us).astype(np.int64)
        draw: dict[str, Any] = {
            "people": random.choice(PEOPLE, count, p=self._person_weight),
            "tools": random.choice(TOOLS, count, p=self._tool_weight),
            "status": random.choice(len(_STATUS), count, p=_weights(_STATUS)),
            "clients": random.choice(len(_CLIENTS), count, p=_weights(_CLIENTS)),
            "times": times,
            "upstream": random.lognormal(11.6, 1.2, count).astype(np.int64),
            "arguments": random.geometric(1 / 5.1, count),
            "responses": random.geometric(1 / 18.4, count),
            "sessions": random.integers(0, 40, count),
            "ids": random.bytes(count * 10),
        }
        picks = random.integers(0, len(self._sentences), int(draw["arguments"].sum() + draw["responses"].sum())).tolist()
        ends = np.cumsum(draw["arguments"] + draw["responses"]).tolist()
        rows = []
        for at in range(count):
            first = ends[at] - int(draw["responses"][at])
            asked = [self._sentences[number] for number in picks[ends[at - 1] if at else 0 : first]]
            rows.append(self._row(start + at, at, draw, asked, [self._sentences[number] for number in picks[first : ends[at]]]))
        return rows

    def _row(self, number: int, at: int, draw: dict[str, Any], asked: list[str], answered: list[str]) -> FullRow:
        person = self.people[draw["people"][at]]
        connector, tool = self.tools[draw["tools"][at]]
        status, _, transport, error_class = _STATUS[draw["status"][at]]
        client = _CLIENTS[draw["clients"][at]][0]
        time_us, upstream_us = int(draw["times"][at]), int(draw["upstream"][at])
        arguments = '{"query":"' + " ".join(asked) + f'","limit":{number % 200},"cursor":"c{number * 7919 % 1_000_003:x}"}}'
        response = (
            '{"content":[{"type":"text","text":"' + "\n".join(answered) + f'"}}],"id":"r-{number:x}"}}' if status != "blocked" else ""
        )
        for needle in self._hidden.get(number, ()):
            if needle.part == "arguments":
                arguments += " " + needle.text.lower()
            else:
                response += " " + needle.text.lower()
        return FullRow(
            call_id=_uuid7(time_us, draw["ids"][at * 10 : at * 10 + 10]),
            time=time_us,
            finished=time_us + upstream_us,
            duration_us=upstream_us + 900,
            gateway_us=300,
            policy_us=60,
            log_us=540,
            upstream_us=upstream_us if status != "blocked" else 0,
            **person,
            actor_kind="person",
            auth="token",
            client=client,
            client_version=f"1.{draw['people'][at] % 9}.0",
            session=f"{draw['people'][at]:05x}{draw['sessions'][at]:04x}{time_us // 3_600_000_000:08x}",
            connector=connector,
            tool=tool,
            method="tools/call",
            endpoint=f"/mcp/{connector}",
            protocol="2025-11-25",
            request_id=str(number % 997),
            status=status,
            transport=transport,
            http_status=0 if transport in ("not_sent", "timeout") else 503 if transport == "http_error" else 200,
            is_error=status == "tool_error",
            error_class=error_class,
            effect="blocked" if status == "blocked" else "allowed",
            rules=(f"connector/{connector}",),
            bundle="5f2e9a7c41d0b683",
            trace=f"{number * 2654435761 % 2**64:016x}{time_us:016x}",
            bytes_in=len(arguments),
            bytes_out=len(response),
            payload="kept",
            stream=f"node1-w{number % 2}",
            started_seq=number + 1,
            started_segment=1,
            started_offset=number * 900,
            outcome_seq=number + 2,
            outcome_segment=1,
            outcome_offset=number * 900 + 400,
            arguments=arguments,
            response=response,
        )

    def _sentence(self, random: np.random.Generator) -> str:
        picks = np.searchsorted(self._word_weight, random.random(int(random.integers(6, 15))))
        return " ".join(self.words[min(pick, len(self.words) - 1)] for pick in picks.tolist()) + f" {int(random.integers(0, 100_000))}."


def _person(number: int) -> dict[str, Any]:
    name = f"{_FIRST[number % len(_FIRST)]}.{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{number}"
    groups = (f"team-{number % GROUPS}", "staff") if number % 11 else (f"team-{number % GROUPS}", "staff", "contractors")
    return {"person": name, "email": f"{name}@corp.example", "name": name.replace(".", " ").title(), "groups": groups, "subject": f"{number:024x}",
            "token": f"t{number:06x}", "ip": f"10.{number >> 8 & 255}.{number & 255}.{number % 250 + 1}"}  # fmt: skip


def _tool(number: int) -> tuple[str, str]:
    connector = number % CONNECTORS
    name = _NAMES[connector % len(_NAMES)] + (f"-{connector // len(_NAMES) + 1}" if connector >= len(_NAMES) else "")
    place = number // CONNECTORS
    return name, f"{_VERBS[place % len(_VERBS)]}_{_NOUNS[(place + connector) % len(_NOUNS)]}"


def _word(random: np.random.Generator) -> str:
    return "".join(_SYLLABLES[pick] for pick in random.integers(0, len(_SYLLABLES), int(random.integers(2, 6))))


def _zipf(count: int, exponent: float) -> Any:
    weight = 1.0 / np.arange(1, count + 1) ** exponent
    return weight / weight.sum()


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
