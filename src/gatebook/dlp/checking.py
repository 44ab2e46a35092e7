"""What is wrong with a detector that somebody has written."""

import json
import re
from difflib import get_close_matches

from gatebook.dlp.detector import Detector
from gatebook.dlp.prefilter import Prefilter
from gatebook.dlp.scanner import Scanner, probe_of
from gatebook.dlp.validators import VALIDATORS

_ID = re.compile(r"custom/[a-z][a-z0-9_]{1,47}")
_NOT_SHARED = re.compile(r"\(\?(?:<?[=!]|>|\()|\\[1-9kzZAGpPXRK]|[*+?}]\+")
_NESTED = re.compile(r"\((?:[^()\\]|\\.)*[*+](?:[^()\\]|\\.)*\)(?:[*+]|\{\d+,\d*\})|\((?:[^()\\]|\\.)*\{\d*,\d*\}(?:[^()\\]|\\.)*\)[*+]")
_PATTERN_MAX = 1_000
_REPEATS_MAX = 1_000


def check(detector: Detector) -> list[str]:
    """Return the faults of a detector as sentences; none when it can be used."""
    faults = (
        []
        if _ID.fullmatch(detector.id)
        else [f"The id {detector.id!r} is not like custom/<name> with small letters, digits and underscores."]
    )
    if detector.validator is not None and detector.validator not in VALIDATORS:
        near = get_close_matches(detector.validator, VALIDATORS, n=1)
        faults.append(f"There is no validator {detector.validator!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
    for what, pattern in (("pattern", detector.pattern), ("probe", detector.probe)):
        if pattern is not None:
            faults += _of_pattern(what, pattern)
    return faults or _of_examples(detector)


def _of_pattern(what: str, pattern: str) -> list[str]:
    if len(pattern) > _PATTERN_MAX:
        return [f"The {what} is longer than {_PATTERN_MAX} characters."]
    if (strange := _NOT_SHARED.search(pattern)) is not None:
        return [f"The {what} uses {strange.group()!r}, which RE2 and Hyperscan do not know."]
    if any(int(number) > _REPEATS_MAX for number in re.findall(r"\{(?:\d+,)?(\d{1,9})\}", pattern)):
        return [f"The {what} repeats something more than {_REPEATS_MAX} times."]
    if _NESTED.search(pattern):
        return [f"The {what} repeats a group that repeats itself, which can take very long on hostile text."]
    try:
        compiled = re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        return [f"The {what} does not compile: {error}."]
    if compiled.search("") is not None:
        return [f"The {what} matches empty text."]
    try:
        Prefilter({"probe": probe_of(Detector(id="custom/x", severity="low", pattern=pattern, title=""))})
    except ValueError as error:
        return [f"The {what} cannot be used for the prefilter: {error}"]
    return []


def _of_examples(detector: Detector) -> list[str]:
    scanner = Scanner([detector])
    faults = []
    for text, wanted in [(text, True) for text in detector.examples] + [(text, False) for text in detector.non_examples]:
        found = bool(scanner.scan(_json(text)).hits)
        if found != wanted:
            faults.append(f"The example {text!r} is not found." if wanted else f"The counter-example {text!r} is found.")
    if not detector.examples:
        faults.append("There is no example.")
    return faults


def _json(text: str) -> bytes:
    return json.dumps({"text": text}, ensure_ascii=False).encode()
