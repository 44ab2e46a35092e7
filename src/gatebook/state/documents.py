"""Resources as people write and read them: YAML documents of `kind`, `name`, `spec`. Errors name file, line, path and the nearest valid name."""

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import fields

from gatebook.state import connectors
from gatebook.state.store import StateError

TEXT_BYTES_MAX = 4 * 1024 * 1024


class Kind(Struct, frozen=True):
    """A kind of resource: the shape of its spec, and the rules beyond types."""

    spec: type[Struct]
    faults: Callable[[str, Any], Iterator[tuple[str, str]]]


KINDS: dict[str, Kind] = {"Connector": Kind(connectors.ConnectorSpec, connectors.faults)}


class Document(Struct, frozen=True, kw_only=True):
    """One valid resource that is not stored yet."""

    kind: str
    name: str
    spec: Any
    place: str = ""

    @property
    def yaml(self) -> str:
        """The one way in which this resource is written; defaults are left out."""
        return render(self.kind, self.name, self.spec)


class DocumentError(StateError):
    """Documents are wrong. `problems` holds one line for each fault; no line holds a value of a header or variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_documents(text: str, source: str) -> list[Document]:
    """Read all documents of one file; empty ones are skipped. Raises DocumentError with every fault, not only the first."""
    if len(text) > TEXT_BYTES_MAX:
        raise DocumentError([f"{source}: is larger than {TEXT_BYTES_MAX} bytes"])
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise DocumentError([f"{source}{line}: not YAML: {getattr(error, 'problem', None) or 'cannot be read'}"]) from error
    documents: list[Document] = []
    problems: list[str] = []
    for node in nodes:
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
            continue
        try:
            documents.append(_document(node, source))
        except DocumentError as error:
            problems.extend(error.problems)
    if problems:
        raise DocumentError(problems)
    return documents


def check_distinct(documents: list[Document]) -> None:
    """Refuse two documents for one resource. Raises DocumentError."""
    seen: dict[tuple[str, str], str] = {}
    for document in documents:
        first = seen.setdefault((document.kind, document.name), document.place)
        if first != document.place:
            raise DocumentError([f"{document.place}: {document.kind} {document.name} is already at {first}"])


def render(kind: str, name: str, spec: Struct) -> str:
    """Write a resource as YAML; reading it back gives the same."""
    return yaml.safe_dump({"kind": kind, "name": name, "spec": msgspec.to_builtins(spec)}, sort_keys=False, allow_unicode=True, width=120)


def _document(node: yaml.Node, source: str) -> Document:
    start = f"{source}:{node.start_mark.line + 1}"
    _check_tree(node, source)
    raw = _construct(node, source)
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise DocumentError([f"{start}: a document is a mapping of kind, name and spec"])
    kind_name, name = raw.get("kind"), raw.get("name")
    if kind_name not in KINDS:
        raise DocumentError([f"{start}: unknown kind {kind_name!r}{_nearest(str(kind_name), KINDS)}"])
    kind = KINDS[kind_name]
    label = f"{kind_name} {name}"
    if not isinstance(name, str):
        raise DocumentError([f"{start}: {kind_name}: name: must be text"])
    for key in raw:
        if key not in ("kind", "name", "spec"):
            raise DocumentError([f"{_place(node, [key], source)}: {label}: unknown field {key!r}{_nearest(key, ('kind', 'name', 'spec'))}"])
    try:
        spec = msgspec.convert(raw.get("spec"), kind.spec)
    except msgspec.ValidationError as error:
        raise DocumentError([_type_fault(error, node, kind, label, source)]) from error
    problems = [f"{_place(node, path.split('.'), source)}: {label}: {path}: {text}" for path, text in kind.faults(name, spec)]
    if problems:
        raise DocumentError(problems)
    return Document(kind=kind_name, name=name, spec=spec, place=start)


def _type_fault(error: msgspec.ValidationError, node: yaml.Node, kind: Kind, label: str, source: str) -> str:
    text, _, at = str(error).partition(" - at `$")
    path = ["spec", *(part for part in re.split(r"[.\[\]]+", at.rstrip("`")) if part and part != "...")]
    if unknown := re.search(r"unknown field `([^`]*)`", text):
        known = _names(kind.spec, path[1:])
        path.append(unknown[1])
        text = f"unknown field{_nearest(unknown[1], known)}"
    return f"{_place(node, path, source)}: {label}: {'.'.join(path)}: {text[:1].lower()}{text[1:]}"


def _names(spec: type[Struct], path: list[str]) -> list[str]:
    """Names of the fields of the struct at this path."""
    for part in path:
        found = next((field.type for field in fields(spec) if field.encode_name == part), None)
        found = getattr(found, "__origin__", found)
        if not (isinstance(found, type) and issubclass(found, Struct)):
            return []
        spec = found
    return [field.encode_name for field in fields(spec)]


def _check_tree(root: yaml.Node, source: str) -> None:
    """Refuse what YAML would let pass silently or blow up: a key twice, aliases."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            raise DocumentError([f"{source}:{node.start_mark.line + 1}: aliases (&name, *name) are not accepted"])
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if str(key.value) in keys:
                    raise DocumentError([f"{source}:{key.start_mark.line + 1}: {key.value!r} is given twice"])
                keys.add(str(key.value))
                stack.append(value)


def _construct(node: yaml.Node, source: str) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        line = (getattr(error, "problem_mark", None) or node.start_mark).line + 1
        raise DocumentError([f"{source}:{line}: not plain YAML: {getattr(error, 'problem', '')}"]) from error
    except (ValueError, OverflowError, RecursionError) as error:
        # PyYAML lets these through, for a date that does not exist or a number that is none.
        raise DocumentError([f"{source}:{node.start_mark.line + 1}: holds a value that cannot be read: {error}"]) from error
    finally:
        loader.dispose()


def _place(node: yaml.Node, path: list[str], source: str) -> str:
    """File and line of the deepest part of the path that is there."""
    line = node.start_mark.line
    for part in path:
        if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        else:
            break
    return f"{source}:{line + 1}"


def _nearest(name: str, known: Any) -> str:
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""
