"""Records about the credentials with which calls go on to connectors. They name a credential by its id, never by what is secret in it."""

from typing import Annotated, Literal

from msgspec import Meta

from gatebook.record.base import Body
from gatebook.record.parts import Actor, Payload


class CredentialChanged(Body, frozen=True, kw_only=True, tag="credential.changed"):
    """A credential for a connector came, was renewed, ended, or was sealed anew."""

    action: Annotated[
        Literal["connected", "refreshed", "needs_reconnect", "disconnected", "revoked", "failed", "rotated"],
        Meta(
            description="connected; refreshed; needs_reconnect: its renewal was refused; disconnected: given up, with nothing to revoke; revoked: given back "
            "at its authorization server; failed: that could not be done, or a connection did not come about; rotated: keys were exchanged."
        ),
    ]
    actor: Annotated[Actor, Meta(description="Who did it; the system, where a worker renewed it.")]
    credential: Annotated[str | None, Meta(description="Id of the credential; absent where it did not come about, or all were meant.")] = (
        None
    )
    connector: Annotated[str | None, Meta(description="Name of the connector; absent where all were meant.")] = None
    kind: Annotated[str | None, Meta(description="person, client_credentials or secret.")] = None
    owner: Annotated[str | None, Meta(description="Subject that it belongs to; `connector` for one that is shared.")] = None
    scopes: Annotated[tuple[str, ...], Meta(description="Scopes granted to it, where known.")] = ()
    issuer: Annotated[str | None, Meta(description="Authorization server that it is from.")] = None
    version: Annotated[int | None, Meta(description="Counts its renewals.")] = None
    detail: Annotated[str | None, Meta(description="Safe text of Gatebook's own, or an error code of OAuth.")] = None
    payload: Annotated[Payload | None, Meta(description="Part identity: who did it.")] = None
