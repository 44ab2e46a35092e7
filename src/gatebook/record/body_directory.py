"""Records of the directory: its requests, who was cut off, and what that ended."""

from typing import Annotated, Literal

from msgspec import Meta

from gatebook.record.base import Body
from gatebook.record.parts import Actor, Payload, Source


class AccessCutOff(Body, frozen=True, kw_only=True, tag="access.cut_off"):
    """Somebody lost all access. Durable before the change is committed; every worker has it in force before whoever asked hears of it."""

    cut_off: Annotated[str, Meta(description="Id of the cut-off, which ties it to its receipt.")]
    subject: Annotated[str, Meta(description="Who was cut off, by pseudonym.")]
    cause: Annotated[
        Literal["deactivated", "deleted", "groups", "administrator", "back_channel_logout", "token_revocation"],
        Meta(
            description="deactivated, deleted or groups: by the directory; administrator: by a person; the others: by a signal of the identity provider."
        ),
    ]
    deactivated: Annotated[bool, Meta(description="True when the person is inactive from then on; else they may sign in anew.")]
    revision: Annotated[int, Meta(description="Revision of state from which every worker refuses.")]
    tokens: Annotated[int, Meta(description="Access tokens that were ended.")]
    sessions: Annotated[int, Meta(description="Console sessions that were ended.")]
    grants: Annotated[int, Meta(description="Grants of AI clients that were ended.")]
    actor: Annotated[Actor, Meta(description="Who asked for it.")]
    services: Annotated[
        tuple[str, ...], Meta(description="Service accounts that were suspended because the person answered for them, by pseudonym.")
    ] = ()
    payload: Annotated[
        Payload | None, Meta(description="Parts identity, of whom was cut off, and message: JSON with `by` and the reason or `detail`.")
    ] = None


class AccessCutOffDone(Body, frozen=True, kw_only=True, tag="access.cut_off_done"):
    """The receipt of a cut-off is complete: every worker has it in force, and credentials at connectors are dealt with."""

    cut_off: Annotated[str, Meta(description="Id of the cut-off.")]
    subject: Annotated[str, Meta(description="Who was cut off, by pseudonym.")]
    signal: Annotated[int, Meta(description="When it was asked for, microseconds since 1970.")]
    in_force: Annotated[int, Meta(description="When the last worker had it in force, microseconds since 1970.")]
    workers: Annotated[int, Meta(description="Workers that answered.")]
    lost: Annotated[int, Meta(description="Workers that did not answer within their lease; they refuse everybody by themselves.")]
    streams: Annotated[int, Meta(description="Open streams that were ended.")]
    calls: Annotated[int, Meta(description="Calls in flight that were cancelled.")]
    upstream_revoked: Annotated[int, Meta(description="Credentials at connectors that were revoked there.")]
    upstream_failed: Annotated[int, Meta(description="Credentials at connectors whose revocation failed; they are deleted here.")]
    last_call: Annotated[
        int | None, Meta(description="Time of the last call before it, microseconds since 1970; absent when there is none.")
    ] = None


class DirectoryRequest(Body, frozen=True, kw_only=True, tag="directory.request"):
    """A request of the directory (SCIM), durable before it is answered. What it changed has records of its own, before this one."""

    method: Annotated[str, Meta(description="HTTP method.")]
    path: Annotated[str, Meta(description="Path below /scim/v2; what is neither an address of SCIM nor an id of ours is written as `…`.")]
    status: Annotated[int, Meta(description="HTTP status of the answer.")]
    actor: Annotated[Actor, Meta(description="The directory, with the id of its token; anonymous when the token was refused.")]
    source: Annotated[Source, Meta(description="From where.")]
    duration_us: Annotated[int, Meta(description="How long it took, microseconds.")]
    filter: Annotated[str | None, Meta(description="The filter that was searched with, its values written as `…`.")] = None
    error: Annotated[str | None, Meta(description="The scimType of the error, such as uniqueness.")] = None
    operations: Annotated[int | None, Meta(description="Operations of a bulk request or of a PATCH.")] = None
    body_dropped: Annotated[
        str | None, Meta(description="Why the body is not in the payload: too_large or not_json; absent when it is or there was none.")
    ] = None
    payload: Annotated[
        Payload | None, Meta(description="Part message: the body without passwords. Part arguments: the query as it was sent.")
    ] = None
