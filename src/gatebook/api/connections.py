"""Connections: accounts of one's own at connectors, and how many people have one."""

import asyncio

from msgspec import Struct

from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.params import in_path
from gatebook.api.problems import Problem
from gatebook.identity.credentials.revoking import Outcome
from gatebook.reading.connections_room import ConnectionFacts, ConnectorConnections
from gatebook.state.connectors import NAME

_MISSING = "You have no connection to this connector."
_CONNECTOR = in_path("connector", "Name of the connector.", NAME.pattern, _MISSING)


class ConnectionsAnswer(Struct, frozen=True, kw_only=True):
    """The caller's own connections."""

    connections: list[ConnectionFacts]


class TotalsAnswer(Struct, frozen=True, kw_only=True):
    """The connections of everybody, by connector."""

    connectors: list[ConnectorConnections]


class Connections:
    """Operations of `/v1/connections`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room = deps.connections

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="listConnections",
                method="GET",
                path="/v1/connections",
                group="connections",
                handle=self.mine,
                summary="The caller's own connections: connectors that want an account of each person, and how each stands.",
                answer=ConnectionsAnswer,
            ),
            Operation(
                name="countConnections",
                method="GET",
                path="/v1/connections/totals",
                group="connections",
                handle=self.totals,
                summary="How many people have connected an account, by connector; for those who read the whole book.",
                answer=TotalsAnswer,
            ),
            Operation(
                name="disconnect",
                method="DELETE",
                path="/v1/connections/{connector}",
                group="connections",
                handle=self.disconnect,
                summary="Give up one's own account at a connector; it is revoked at its authorization server where that offers it.",
                parameters=(_CONNECTOR,),
                answer=Outcome,
                problems={404: "The caller has no connection to this connector."},
            ),
        )

    async def mine(self, ask: Ask) -> ConnectionsAnswer:
        """The caller's own."""
        return ConnectionsAnswer(connections=await asyncio.to_thread(self._room.mine, ask.viewer))

    async def totals(self, ask: Ask) -> TotalsAnswer:
        """Everybody's."""
        return TotalsAnswer(connectors=await asyncio.to_thread(self._room.all, ask.viewer))

    async def disconnect(self, ask: Ask) -> Outcome:
        """End one."""
        outcome = await self._room.disconnect(ask.viewer, ask.values["connector"])
        if outcome is None:
            raise Problem(404, "Not found", _MISSING)
        return outcome
