"""Connectors, what they list, and the decisions about it."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import Problem
from gatebook.definitions.key import KEY_PATTERN
from gatebook.reading.tool_facts import ConnectorDetail, ConnectorFacts, ToolDetail
from gatebook.reading.wording import as_sentence
from gatebook.state.deciding import HASH_DIGITS_MIN, REASON_CHARACTERS_MAX, DecisionError, Order

_NO_CONNECTOR: Final = "There is no connector of this name."
_NO_TOOL: Final = "There is no tool of this name or key."
_NAME: Final = params.in_path("name", "Name of the connector.", "[a-z0-9][a-z0-9-]{0,31}", _NO_CONNECTOR)
_TOOL: Final = params.in_path("tool", "Key of the tool: its name, where that is harmless in an address.", KEY_PATTERN, _NO_TOOL)
_FORBIDDEN: Final = {403: "Not for the caller."}
_MISSING: Final = {404: "There is no such connector or tool."}
_STATUSES: Final = {"unknown": 404, "nothing": 409, "moved": 409, "wrong": 400}


class ConnectorsAnswer(Struct, frozen=True, kw_only=True):
    """All connectors, by name."""

    connectors: list[ConnectorFacts]


class DecisionOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision about one definition of a tool, or about all that wait of the connector."""

    decision: Literal["approved", "refused"]
    reason: Annotated[str, Meta(min_length=1, max_length=REASON_CHARACTERS_MAX, pattern=r"\S", description="Why; kept with the decision.")]
    tool: Annotated[
        Annotated[str, Meta(min_length=1, max_length=256)] | None,
        Meta(description="Key or name of the tool; null, and no hash: all that wait."),
    ] = None
    hash: Annotated[
        Annotated[str, Meta(pattern=f"^[0-9a-f]{{{HASH_DIGITS_MIN},64}}$")] | None,
        Meta(description="First digits of the hash of the definition that was looked at; null: the one that is listed now."),
    ] = None
    waiting: Annotated[
        Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None,
        Meta(description="Mark of what waited when it was looked at; 409 when something else waits now."),
    ] = None


class Decided(Struct, frozen=True, kw_only=True):
    """One definition that was decided."""

    tool: str
    hash: str
    state: Literal["approved", "refused"]
    listed: Annotated[bool, Meta(description="The connector lists it now.")]
    diff: Annotated[str, Meta(description="What it is against what was approved before, in lines of text.")]


class DecidedAnswer(Struct, frozen=True, kw_only=True):
    """What was decided."""

    decided: list[Decided]


class Connectors:
    """Operations of `/v1/connectors`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._tools = deps.tools

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="listConnectors",
                method="GET",
                path="/v1/connectors",
                group="connectors",
                handle=self.list,
                summary="Connectors: how many tools they list, what waits for a decision, and how much they are called.",
                answer=ConnectorsAnswer,
                problems=_FORBIDDEN,
            ),
            Operation(
                name="showConnector",
                method="GET",
                path="/v1/connectors/{name}",
                group="connectors",
                handle=self.show,
                summary="One connector with its tools: how each stands, what is remarkable about it, whom it is granted to.",
                parameters=(_NAME,),
                answer=ConnectorDetail,
                problems={**_FORBIDDEN, **_MISSING},
            ),
            Operation(
                name="showTool",
                method="GET",
                path="/v1/connectors/{name}/tools/{tool}",
                group="connectors",
                handle=self.tool,
                summary="One tool: its definition, what changed since it was approved, who may call it, and all that was decided.",
                parameters=(_NAME, _TOOL),
                answer=ToolDetail,
                problems={**_FORBIDDEN, **_MISSING},
            ),
            Operation(
                name="decideTools",
                method="POST",
                path="/v1/connectors/{name}/decisions",
                group="connectors",
                handle=self.decide,
                summary="Approve or refuse the definition of a tool, or all that wait; for administrators, and on the record.",
                parameters=(_NAME,),
                body=DecisionOrder,
                answer=DecidedAnswer,
                problems={**_MISSING, 409: "Nothing waits, it is decided so already, or the connector lists something else by now."},
            ),
        )

    async def list(self, ask: Ask) -> ConnectorsAnswer:
        """All."""
        return ConnectorsAnswer(connectors=await self._tools.connectors(ask.viewer))

    async def show(self, ask: Ask) -> ConnectorDetail:
        """One."""
        found = await self._tools.connector(ask.viewer, ask.values["name"])
        if found is None:
            raise Problem(404, "Not found", _NO_CONNECTOR)
        return found

    async def tool(self, ask: Ask) -> ToolDetail:
        """One of its tools."""
        found = await self._tools.tool(ask.viewer, ask.values["name"], ask.values["tool"])
        if found is None:
            raise Problem(404, "Not found", _NO_TOOL)
        return found

    async def decide(self, ask: Ask) -> DecidedAnswer:
        """A decision."""
        body: DecisionOrder = ask.body
        order = Order(
            connector=ask.values["name"],
            decision=body.decision,
            reason=body.reason,
            tool=body.tool,
            hash=body.hash,
            waiting=body.waiting,
        )
        try:
            planned = await self._tools.decide(ask.viewer, order)
        except DecisionError as error:
            raise Problem(_STATUSES[error.fault], "It cannot be decided like that", as_sentence(error)) from None
        return DecidedAnswer(
            decided=[
                Decided(tool=one.known.tool, hash=one.known.hash, state=order.decision, listed=one.listed, diff=one.diff) for one in planned
            ]
        )
