"""AI clients that sign people in, for administrators; and what somebody lets them do."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import Problem
from gatebook.identity.oauth.registry import ClientOrder
from gatebook.reading.client_room import ClientDetail, ClientFacts, GrantLine
from gatebook.reading.wording import as_sentence
from gatebook.state.store import StateError

_ID_MAX: Final = 500
_PROBLEMS: Final = {403: "Only for members of the group `admins` who are here in person.", 404: "There is no such client or grant."}


class ClientList(Struct, frozen=True, kw_only=True):
    """AI clients, the one that was used last first."""

    clients: Annotated[list[ClientFacts], Meta(description="The clients.")]


class GrantList(Struct, frozen=True, kw_only=True):
    """What a person lets AI clients do, newest first."""

    grants: Annotated[tuple[GrantLine, ...], Meta(description="What gives a client something now.")]


class NewClient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client to add."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="What people are told that it is.")]
    redirect_uris: Annotated[
        list[Annotated[str, Meta(max_length=2000)]], Meta(min_length=1, max_length=20, description="Where it may have people sent back to.")
    ]
    confidential: Annotated[bool, Meta(description="It can keep a secret, and gets one.")] = False


class AddedClient(Struct, frozen=True, kw_only=True):
    """A client that was added."""

    id: Annotated[str, Meta(description="Its id.")]
    secret: Annotated[str | None, Meta(description="Its secret, shown only now; null for a public client.")]


class ClientChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about a client."""

    client: Annotated[str, Meta(min_length=1, max_length=_ID_MAX, description="Id of the client.")]
    do: Annotated[Literal["disable", "enable", "remove"], Meta(description="disable and remove end what people let it do.")]


class AiClients:
    """Operations of `/v1/clients` and `/v1/connected-apps`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._clients = deps.clients

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (*self._of_clients(), *self._of_grants())

    def _of_clients(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="listClients",
                method="GET",
                path="/v1/clients",
                group="clients",
                handle=self.list,
                summary="AI clients that sign people in, the one that was used last first.",
                answer=ClientList,
                problems={403: _PROBLEMS[403]},
            ),
            Operation(
                name="addClient",
                method="POST",
                path="/v1/clients",
                group="clients",
                handle=self.add,
                summary="Add a client by hand; its secret, if it gets one, is in this answer only.",
                body=NewClient,
                answer=AddedClient,
                problems={403: _PROBLEMS[403]},
            ),
            Operation(
                name="showClient",
                method="GET",
                path="/v1/clients/one",
                group="clients",
                handle=self.show,
                summary="One client, with what people let it do. An id may be an address, so it is a parameter.",
                parameters=(params.text("id", "Id of the client.", _ID_MAX, required=True),),
                answer=ClientDetail,
                problems=_PROBLEMS,
            ),
            Operation(
                name="changeClient",
                method="POST",
                path="/v1/clients/change",
                group="clients",
                handle=self.change,
                summary="Disable, enable or remove a client.",
                body=ClientChange,
                problems={**_PROBLEMS, 409: "It is so already."},
                status=204,
            ),
        )

    def _of_grants(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="listConnectedApps",
                method="GET",
                path="/v1/connected-apps",
                group="clients",
                handle=self.connected,
                summary="What you let AI clients do; for administrators also what somebody else does.",
                parameters=(params.text("person", "Id of a person; yourself when it is left out.", 200),),
                answer=GrantList,
                problems={403: _PROBLEMS[403]},
            ),
            Operation(
                name="revokeConnectedApp",
                method="DELETE",
                path="/v1/connected-apps/{id}",
                group="clients",
                handle=self.revoke,
                summary="End what you let an AI client do; administrators end it for anybody.",
                parameters=(params.in_path("id", "Id of the grant.", r"^gra_[0-9a-f]{12}$", "There is no such grant."),),
                problems=_PROBLEMS,
                status=204,
            ),
        )

    async def list(self, ask: Ask) -> ClientList:
        """All of them."""
        return ClientList(clients=self._clients.clients(ask.viewer))

    async def add(self, ask: Ask) -> AddedClient:
        """A new one."""
        order: NewClient = ask.body
        wanted = ClientOrder(name=order.name, redirect_uris=tuple(order.redirect_uris), confidential=order.confidential)
        try:
            added = await self._clients.add(ask.viewer, wanted)
        except StateError as error:
            raise Problem(400, "The body is not valid", as_sentence(error)) from None
        return AddedClient(id=added.client.id, secret=added.secret)

    async def show(self, ask: Ask) -> ClientDetail:
        """One."""
        found = self._clients.client(ask.viewer, ask.values["id"])
        if found is None:
            raise Problem(404, "Not found", "There is no such client.")
        return found

    async def change(self, ask: Ask) -> None:
        """Do something about one."""
        order: ClientChange = ask.body
        if self._clients.client(ask.viewer, order.client) is None:
            raise Problem(404, "Not found", "There is no such client.")
        try:
            await self._clients.change(ask.viewer, order.client, order.do)
        except StateError as error:
            raise Problem(409, "Conflict", as_sentence(error)) from None

    async def connected(self, ask: Ask) -> GrantList:
        """What somebody allowed."""
        return GrantList(grants=self._clients.of_person(ask.viewer, ask.values["person"] or ask.viewer.principal.person))

    async def revoke(self, ask: Ask) -> None:
        """End one grant."""
        try:
            await self._clients.revoke(ask.viewer, ask.values["id"])
        except StateError as error:
            raise Problem(404, "Not found", as_sentence(error)) from None
