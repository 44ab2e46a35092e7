"""Since when a grant holds: the versions of connectors and tool packs, followed back for as long as each gave it."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from gatebook.policy.access import AccessRules
from gatebook.policy.given import CONNECTOR, PACK, Given, ways
from gatebook.policy.selectors import ToolPack
from gatebook.state.connectors import Connector, ConnectorSpec
from gatebook.state.policies import ToolPackSpec
from gatebook.state.schema import resources

_decode_connector = msgspec.json.Decoder(ConnectorSpec).decode
_decode_pack = msgspec.json.Decoder(ToolPackSpec).decode


class Version(Struct, frozen=True):
    """One version of what gives: from when, microseconds since 1970, and what it said; None where it was deleted or cannot be read any more."""

    at_us: int
    said: AccessRules | ToolPack | None


class History:
    """All versions of connectors and tool packs, newest first."""

    def __init__(self, versions: Mapping[tuple[str, str], Sequence[Version]]) -> None:
        self._versions = versions

    @classmethod
    def read(cls, connection: Connection) -> "History":
        """Read them in the caller's transaction."""
        columns = (resources.c.kind, resources.c.name, resources.c.at_us, resources.c.spec, resources.c.deleted)
        query = select(*columns).where(resources.c.kind.in_(("Connector", "ToolPack"))).order_by(resources.c.version.desc())
        found: dict[tuple[str, str], list[Version]] = {}
        for kind, name, at_us, spec, deleted in connection.execute(query):
            found.setdefault((kind, name), []).append(Version(at_us, None if deleted else _said(kind, name, spec)))
        return cls(found)

    def since_us(self, one: Given) -> int:
        """Return from when on a grant has held without a break; 0 where nothing is known of it.

        A tool pack gives without a break while the connector itself denies the tool now and then: only its own versions are looked at.
        """
        in_pack = one.through != CONNECTOR
        key = ("ToolPack", one.through.removeprefix(PACK)) if in_pack else ("Connector", one.connector)
        since_us = 0
        for version in self._versions.get(key, ()):
            if version.said is None or not _gives(version.said, one):
                break
            since_us = version.at_us
        return since_us


def _gives(said: AccessRules | ToolPack, one: Given) -> bool:
    rules = said if isinstance(said, AccessRules) else AccessRules(connector=one.connector)
    packs = [said] if isinstance(said, ToolPack) else []
    return any(way.holder == one.holder for way in ways(rules, packs, one.tool))


def _said(kind: str, name: str, spec: str) -> AccessRules | ToolPack | None:
    try:
        if kind == "ToolPack":
            return _decode_pack(spec).pack(name)
        return Connector(name=name, version=0, spec=_decode_connector(spec)).rules
    except msgspec.MsgspecError:
        return None
