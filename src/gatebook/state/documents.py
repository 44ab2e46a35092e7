"""Resources as people write and read them: YAML documents of `kind`, `name`, `spec`. Errors name file, line, path and the nearest valid name."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import msgspec.inspect as types
import yaml
from msgspec import Struct

from gatebook.state import ai_clients, connectors, governance, guardrails, identity_providers, policies, roles
from gatebook.state.store import StateError

TEXT_BYTES_MAX = 4 * 1024 * 1024


class Kind(Struct, frozen=True):
    """A kind of resource: the shape of its spec, and the rules beyond types."""

    spec: type[Struct]
    faults: Callable[[str, Any], Iterator[tuple[str, str]]]


KINDS: dict[str, Kind] = {
    "Connector": Kind(connectors.ConnectorSpec, connectors.faults),
    "Policy": Kind(policies.PolicySpec, policies.policy_faults),
    "Guardrail": Kind(guardrails.GuardrailSpec, guardrails.guardrail_faults),
    "Detector": Kind(guardrails.DetectorSpec, guardrails.detector_faults),
    "ToolPack": Kind(policies.ToolPackSpec, policies.pack_faults),
    "IdentityProvider": Kind(identity_providers.IdentityProviderSpec, identity_providers.identity_provider_faults),
    "Role": Kind(roles.RoleSpec, roles.role_faults),
    "Governance": Kind(governance.GovernanceSpec, governance.governance_faults),
    "AiClients": Kind(ai_clients.AiClientsSpec, ai_clients.ai_clients_faults),
}


class Document(Struct, frozen=True, kw_only=True):
    """One valid resource that is not stored yet."""

    kind: str
    name: str
    spec: Any
    place: str = ""
    lines: Mapping[str, int] = {}
    """Line of each part by its path, such as `spec.tools.0`; empty where the document was not read from text."""

    def where(self, path: str) -> str:
        """File and line of a part, or of the nearest one around it that is there; a path may also be written as `spec.tools[0]`."""
        parts = path.replace("[", ".").replace("]", "").split(".")
        while parts and ".".join(parts) not in self.lines:
            parts.pop()
        line = self.lines.get(".".join(parts))
        return self.place if line is None else f"{self.place.rpartition(':')[0]}:{line}"

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
    return Document(kind=kind_name, name=name, spec=spec, place=start, lines=dict(_lines(node)))


def _type_fault(error: msgspec.ValidationError, node: yaml.Node, kind: Kind, label: str, source: str) -> str:
    text, _, at = str(error).partition(" - at `$")
    path = ["spec", *(item or name for item, name in re.findall(r"\[(\.\.\.|\d+)\]|\.([^.\[\]]+)", at.rstrip("`")))]
    expected = _expected(types.type_info(kind.spec), path[1:])
    path = [part for part in path if part != "..."]
    if unknown := re.search(r"unknown field `([^`]*)`", text):
        path.append(unknown[1])
        known = [field.encode_name for one in expected if isinstance(one, types.StructType) for field in one.fields]
        text = f"unknown field{_nearest(unknown[1], known)}"
    elif wrong := re.search(r"Invalid enum value '([^']*)'", text):
        values = [str(value) for one in expected if isinstance(one, types.LiteralType) for value in one.values]
        text = f"{text}{_nearest(wrong[1], values) or '; it is one of ' + ', '.join(values)}"
    return f"{_place(node, path, source)}: {label}: {'.'.join(path)}: {text[:1].lower()}{text[1:]}"


def _expected(kind: types.Type, path: list[str]) -> list[types.Type]:
    """Return what may stand at a path of a spec: each alternative, without what says more about it. `...` is any key of a map."""
    if isinstance(kind, types.Metadata):
        return _expected(kind.type, path)
    if isinstance(kind, types.UnionType):
        return [found for one in kind.types for found in _expected(one, path)]
    if not path:
        return [kind]
    match kind:
        case types.StructType():
            inner = next((field.type for field in kind.fields if field.encode_name == path[0]), None)
        case types.VarTupleType():
            inner = kind.item_type
        case types.DictType():
            inner = kind.value_type
        case _:
            inner = None
    return [] if inner is None else _expected(inner, path[1:])


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


def _lines(root: yaml.Node) -> Iterator[tuple[str, int]]:
    """Yield path and line of all parts of a document."""
    stack: list[tuple[str, yaml.Node]] = [("", root)]
    while stack:
        path, node = stack.pop()
        prefix = f"{path}." if path else ""
        if isinstance(node, yaml.SequenceNode):
            parts = [(f"{prefix}{number}", item, item.start_mark.line) for number, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            parts = [(f"{prefix}{key.value}", value, key.start_mark.line) for key, value in node.value]
        else:
            continue
        for own, item, line in parts:
            yield own, line + 1
            stack.append((own, item))


def _nearest(name: str, known: Any) -> str:
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""
