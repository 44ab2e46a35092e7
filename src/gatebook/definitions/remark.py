"""What the lint has to say, and the texts of a definition that it looks at."""

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from gatebook.definitions.change import quoted, step
from gatebook.definitions.characters import visible
from gatebook.definitions.definition import Definition, members
from gatebook.record.parts import Severity

Check = Literal[
    "hidden_characters",
    "html_comment",
    "instruction_tag",
    "secrecy_order",
    "override_order",
    "data_order",
    "order_to_model",
    "mentions_tool",
    "mentions_server",
    "file_path",
    "url",
    "base64_run",
    "model_state_parameter",
    "long_text",
    "look_alike",
    "duplicate_name",
    "odd_name",
]


class Remark(Struct, frozen=True, kw_only=True):
    """One thing about a definition that whoever approves it should know. `path` is a JSON pointer into the definition, `text` a sentence."""

    connector: str
    tool: str
    check: Check
    severity: Severity
    path: str
    text: str


class Text(Struct, frozen=True, kw_only=True):
    """One string of a definition: a value, or the name of a member (`key`). `prose` is what stands to be read: titles and descriptions."""

    path: str
    text: str
    key: bool = False
    prose: bool = False


def remark(where: tuple[str, str], check: Check, severity: Severity, path: str, text: str) -> Remark:
    """Make a remark. `where` is connector and tool; hidden characters in all texts are written out."""
    connector, tool = where
    return Remark(connector=connector, tool=quoted(tool), check=check, severity=severity, path=visible(path), text=visible(text))


def texts(definition: Definition) -> list[Text]:
    """Return every string of the definition that a model may see. Icons are pictures for people, mostly base64, and left out."""
    shown = {key: value for key, value in members(definition).items() if key != "icons"}
    return list(_below("", shown, named=False))


def parameters(definition: Definition) -> list[tuple[str, str]]:
    """Return path and name of every parameter, those of nested objects among them."""
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, Any]] = [("/inputSchema", members(definition).get("inputSchema"))]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict):
            properties = node.get("properties")
            found += [(step(f"{path}/properties", name), name) for name in properties] if isinstance(properties, dict) else []
            waiting += [(step(path, key), value) for key, value in node.items()]
        elif isinstance(node, list):
            waiting += [(step(path, place), value) for place, value in enumerate(node)]
    return sorted(found)


def _below(path: str, node: Any, named: bool) -> Iterator[Text]:
    """Yield the strings below a node. `named` says that its keys are names that somebody chose, not words of JSON Schema."""
    if isinstance(node, str):
        yield Text(path=path, text=node, prose=not named and path.rpartition("/")[2] in ("description", "title"))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _below(step(path, place), value, named=True)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield Text(path=step(path, key), text=key, key=True)
            yield from _below(
                step(path, key), value, named=not named and key in ("properties", "patternProperties", "$defs", "definitions")
            )
