"""What in a definition should make whoever approves it look twice. Remarks, no verdicts: honest definitions have some of low and medium severity."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence

from gatebook.definitions.characters import folded, hidden
from gatebook.definitions.definition import Definition
from gatebook.definitions.lookalikes import resembling, words
from gatebook.definitions.mentions import Known, mentions
from gatebook.definitions.orders import SECRET_PATH, orders, plain
from gatebook.definitions.remark import Check, Remark, Text, parameters, remark, texts
from gatebook.record.parts import Severity

TEXT_BYTES_MAX = 4_096
REMARKS_MAX = 200
_RANKS: dict[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_TOLD = (
    *("systemprompt", "systemprompts", "systeminstructions", "conversationhistory", "chathistory", "conversationcontext", "chatcontext"),
    *("fullconversation", "sidenote", "sidenotes", "chainofthought", "toolcallhistory", "toollist", "toolslist", "contextwindow"),
)
_PERHAPS_TOLD = ("messagehistory", "previousmessages", "userprompt", "originalprompt", "availabletools", "hiddencontext")
_MODEL_STATE: dict[str, Severity] = {**dict.fromkeys(_TOLD, "high"), **dict.fromkeys(_PERHAPS_TOLD, "medium")}
_PATH = re.compile(
    r"(?<![\w:/.])(?:~/[\w.-]|/(?:etc|usr|var|home|root|tmp|opt|proc|users|private|mnt|dev|sys)/)[\w./-]{0,200}|\b[a-z]:\\[\w\\.-]{2,200}"
)
_URL = re.compile(
    r"\b(?:(?:https?|ftp|wss?|file)://[^\s<>\"'`)\]]{1,300}|javascript:[^\s]{3,300}|data:[a-z]{1,20}/[a-z0-9.+-]{1,40}[;,]\S{0,300})"
)
_ODD_URL = re.compile(r"(?:file|javascript|data):|\w+://(?:[^/]*@|\d+\.\d+\.\d+\.\d+|\[|\d+[:/]|[^/]*xn--)")
_LOCAL = re.compile(r"\w+://(?:127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?:[:/]|$)")
_DIALECT = re.compile(r"https?://json-schema\.org/")  # `$schema` of nearly every schema
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_WORD = re.compile(r"[A-Za-z0-9_$-]{0,39}")  # Most strings of a schema; no check could find something in one.
_SAFE_NAME = re.compile(r"[A-Za-z0-9_.\-/]{1,128}")
_SENTENCES: dict[Check, str] = {
    "instruction_tag": "A tag that sets text apart for the model: {}",
    "secrecy_order": "An order to keep something from people: {}",
    "override_order": "An order to put other instructions aside: {}",
    "data_order": "An order to hand over files or the conversation: {}",
    "order_to_model": "An order to the model: {}",
    "html_comment": "An HTML comment, which renderers hide: {}",
}


def lint(connector: str, definition: Definition, known: Known | None = None) -> list[Remark]:
    """Return the remarks on one definition, the most severe first, at most 200. `known` are the names of all connectors, to see mentions."""
    where = connector, definition.name
    found = [each for text in texts(definition) for each in _of_text(where, text)]
    for path, name in parameters(definition):
        if severity := _MODEL_STATE.get("".join(words(folded(name)))):
            found.append(remark(where, "model_state_parameter", severity, path, f"The parameter {name} asks for what the model was told"))
    if not _SAFE_NAME.fullmatch(definition.name):
        found.append(
            remark(
                where, "odd_name", "medium", "/name", f"The name {definition.name} has characters that the protocol does not provide for"
            )
        )
    if known is not None:
        found += mentions(connector, definition, known)
    return _sorted(found)[:REMARKS_MAX]


def lint_names(listed: Mapping[str, Sequence[str]]) -> list[Remark]:
    """Return the remarks on names alone: connector -> names of its tools. Look-alikes in one connector count only if they look the same."""
    found: list[Remark] = []
    owners: dict[str, list[str]] = {}
    for connector, names in sorted(listed.items()):
        for name in sorted(set(names)):
            owners.setdefault(name, []).append(connector)
            if names.count(name) > 1:
                found.append(
                    remark((connector, name), "duplicate_name", "high", "/name", f"{connector} lists {name} {names.count(name)} times")
                )
    for one, other, kind in resembling(owners):
        if kind == "near" and owners[one] == owners[other] and len(owners[one]) == 1:
            continue
        severity: Severity = "high" if kind == "confusable" else "medium"
        for name, twin in ((one, other), (other, one)):
            text = f"{name} can be taken for {twin} of {', '.join(owners[twin][:3])}"
            found += [remark((connector, name), "look_alike", severity, "/name", text) for connector in owners[name]]
    return _sorted(found)


def lint_all(listed: Mapping[str, Sequence[Definition]]) -> list[Remark]:
    """Return the remarks on everything that all connectors list: connector -> its definitions."""
    names = {connector: [each.name for each in definitions] for connector, definitions in listed.items()}
    known = Known.of(names)
    found = lint_names(names)
    for connector, definitions in listed.items():
        for definition in definitions:
            found += lint(connector, definition, known)
    return _sorted(found)


def _sorted(found: list[Remark]) -> list[Remark]:
    return sorted(found, key=lambda each: (_RANKS[each.severity], each.connector, each.tool, each.path, each.check))


def _of_text(where: tuple[str, str], text: Text) -> Iterator[Remark]:
    if _WORD.fullmatch(text.text):
        return
    if strange := hidden(text.text):
        kinds = sorted({each.kind for each in strange})
        severity: Severity = "medium" if kinds == ["format"] else "high"
        sentence = f"{len(strange)} characters that nobody sees ({', '.join(kinds)}), the first U+{strange[0].code_point:04X}"
        yield remark(where, "hidden_characters", severity, text.path, sentence)
    size = len(text.text.encode())
    if size > TEXT_BYTES_MAX:
        yield remark(where, "long_text", "medium", text.path, f"A text of {size:,} bytes, more than anybody reads")
    flat = plain(text.text)
    for order in orders(flat):
        yield remark(where, order.check, order.severity, text.path, _SENTENCES[order.check].format(order.words))
    yield from _places(where, text.path, flat)
    if match := next((each for each in _BASE64.finditer(_URL.sub(" ", text.text)) if _is_encoded(each.group())), None):
        yield remark(where, "base64_run", _weight(match.group()), text.path, f"{len(match.group())} characters that look like base64")


def _places(where: tuple[str, str], path: str, flat: str) -> Iterator[Remark]:
    rest = _URL.sub(" ", flat)
    if match := SECRET_PATH.search(flat):
        yield remark(where, "file_path", "medium", path, f"The path of a file that holds secrets: {match.group()[:120]}")
    elif match := _PATH.search(rest):
        yield remark(where, "file_path", "low", path, f"The path of a file: {match.group()[:120]}")
    addresses = [each.group() for each in _URL.finditer(flat) if not _DIALECT.match(each.group())]
    if odd := [each for each in addresses if _ODD_URL.match(each) and not _LOCAL.match(each)]:
        yield remark(where, "url", "medium", path, f"An address that hides where it leads: {odd[0][:120]}")
    elif addresses:
        yield remark(where, "url", "low", path, f"An address: {addresses[0][:120]}")


def _is_encoded(run: str) -> bool:
    return bool(re.search("[a-z]", run) and re.search("[A-Z]", run) and re.search("[0-9]", run))


def _weight(run: str) -> Severity:
    """High when the run, or what of it can be decoded, is text: somebody wrote it for a reader that decodes."""
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    decoded = base64.b64decode(body[: len(body) // 4 * 4])
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in decoded)
    return "high" if printable >= 0.95 * len(decoded) else "medium"
