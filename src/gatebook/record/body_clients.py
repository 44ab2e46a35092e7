"""Records about AI clients that sign people in, and about what people let them do."""

from typing import Annotated, Literal

from msgspec import Meta

from gatebook.record.base import Body
from gatebook.record.parts import Actor, Payload, Source


class ClientChanged(Body, frozen=True, kw_only=True, tag="client.changed"):
    """An AI client became known, was changed, disabled or removed."""

    action: Annotated[
        Literal["registered", "read", "added", "disabled", "enabled", "removed"],
        Meta(
            description="registered: by itself · read: its document was read for the first time, or says something else · added, disabled, enabled, removed: by an administrator."
        ),
    ]
    client: Annotated[str, Meta(description="Id of the client.")]
    kind: Annotated[
        Literal["dcr", "cimd", "pre"],
        Meta(description="dcr: registered itself · cimd: its id is the address of its document · pre: added by an administrator."),
    ]
    host: Annotated[str, Meta(description="Host that it sends people back to, or that its document is on.")]
    actor: Annotated[Actor, Meta(description="Who changed it.")]
    revision: Annotated[int, Meta(description="Revision of state after the change.")]
    source: Annotated[Source | None, Meta(description="From where it registered.")] = None
    payload: Annotated[
        Payload | None, Meta(description="Parts identity of the actor, where it is a person, and diff: what it says of itself.")
    ] = None


class GrantChanged(Body, frozen=True, kw_only=True, tag="grant.changed"):
    """A person let an AI client act for them, or no longer does; or the client got tokens for it."""

    action: Annotated[
        Literal["created", "issued", "refused", "revoked", "reused"],
        Meta(
            description="created: the person consented, or their identity provider did · issued: the client got tokens · refused: the person said no · revoked: ended · reused: ended because a code or refresh token came a second time."
        ),
    ]
    client: Annotated[str, Meta(description="Id of the client.")]
    owner: Annotated[str, Meta(description="Subject of the person.")]
    actor: Annotated[Actor, Meta(description="Who did it: the person, an administrator, or the client for the person.")]
    grant: Annotated[str | None, Meta(description="Id of the grant; absent where the person said no.")] = None
    resource: Annotated[str, Meta(description="Address that the tokens are good at.")] = ""
    scopes: Annotated[tuple[str, ...], Meta(description="What the client may do.")] = ()
    token: Annotated[str | None, Meta(description="Id of the access token that was issued, as the records of calls name it.")] = None
    expires: Annotated[int | None, Meta(description="When that token expires, microseconds since 1970.")] = None
    by: Annotated[
        Literal["consent", "code", "refresh", "assertion", "client", "person", "administrator"] | None,
        Meta(description="How: consent, code, refresh, assertion (ID-JAG); or who ended it: client, person, administrator."),
    ] = None
    source: Annotated[Source | None, Meta(description="From where.")] = None
    payload: Annotated[Payload | None, Meta(description="Part identity of the person.")] = None
