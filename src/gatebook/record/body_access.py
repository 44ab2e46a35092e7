"""Records about who may see and do what."""

from typing import Annotated, Literal

from msgspec import Meta

from gatebook.record.base import Body
from gatebook.record.parts import Actor, Payload


class AccessSelfGranted(Body, frozen=True, kw_only=True, tag="access.self_granted"):
    """Somebody who administers gave themselves a role that shows more of the log than they saw before. Beside the record of the change itself."""

    actor: Annotated[Actor, Meta(description="Who made the change.")]
    subject: Annotated[str, Meta(description="Pseudonym of who sees more by it: the same person, or an administrator whom the host names.")]
    roles: Annotated[tuple[str, ...], Meta(description="Roles that they have since.")]
    groups: Annotated[tuple[str, ...], Meta(description="Groups of fields that they see more of.")]
    by: Annotated[Literal["group", "role"], Meta(description="group: their groups were changed by hand; role: a document of kind Role.")]
    revision: Annotated[int, Meta(description="Revision of the whole configuration after the change.")]
    payload: Annotated[Payload | None, Meta(description="Part identity of the actor.")] = None
