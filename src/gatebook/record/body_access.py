"""The records of sign-in, AI clients and tokens."""

from typing import Annotated, Literal

from msgspec import Meta

from gatebook.record.base import Body
from gatebook.record.parts import Actor, Payload, Source

SignInFailure = Literal[
    "provider",
    "provider_down",
    "provider_wrong",
    "denied",
    "state",
    "issuer",
    "code",
    "token",
    "token_in_address",
    "return_to",
    "unknown_person",
    "address_taken",
    "ambiguous",
    "inactive",
    "overloaded",
]
SignedOutCause = Literal["own", "ended", "signed_in_again", "back_channel_logout", "token_revocation"]


class SignedIn(Body, frozen=True, kw_only=True, tag="auth.signed_in"):
    """A person opened a console session."""

    actor: Annotated[Actor, Meta(description="Who.")]
    source: Annotated[Source, Meta(description="From where.")]
    session: Annotated[str | None, Meta(description="Id of the session.")] = None
    provider: Annotated[str | None, Meta(description="Identity provider that said who it is; absent for a one-time link.")] = None
    linked: Annotated[
        Literal["identity", "external_id", "email", "created", "bootstrap"] | None,
        Meta(
            description="How the person was found: identity (signed in before), external_id or email (of the directory), created (nobody had "
            "provisioned them), bootstrap (by a link from the host)."
        ),
    ] = None
    break_glass: Annotated[bool, Meta(description="True when a link from the host was used in place of the identity provider.")] = False
    reason: Annotated[str | None, Meta(description="The reason that was given for that link.")] = None
    payload: Annotated[Payload | None, Meta(description="Part identity.")] = None


class SignInFailed(Body, frozen=True, kw_only=True, tag="auth.sign_in_failed"):
    """Somebody came from an identity provider, or wanted to go there, and was not signed in."""

    reason: Annotated[
        SignInFailure,
        Meta(
            description="provider (unknown), provider_down, provider_wrong (its metadata, or its configuration here), denied (by the provider), state "
            "(unknown, used, expired, or of another browser), issuer (another than asked), code (not redeemed), token (not good), "
            "token_in_address, return_to (leads elsewhere), unknown_person, address_taken, ambiguous, inactive, overloaded (very many of one "
            "network; detail has the number)."
        ),
    ]
    actor: Annotated[Actor, Meta(description="Who it would have been, where that is known; else anonymous.")]
    source: Annotated[Source, Meta(description="From where.")]
    provider: Annotated[str | None, Meta(description="Identity provider, where it is known.")] = None
    detail: Annotated[str | None, Meta(description="What was wrong, for administrators.")] = None
    payload: Annotated[Payload | None, Meta(description="Part identity: who the provider said it is.")] = None


class SignedOut(Body, frozen=True, kw_only=True, tag="auth.signed_out"):
    """Console sessions of a person were closed before their time."""

    cause: Annotated[
        SignedOutCause,
        Meta(
            description="own (signed out), ended (by the person or an administrator, on a page), signed_in_again (the browser has a new one), "
            "back_channel_logout or token_revocation (signals of the identity provider)."
        ),
    ]
    owner: Annotated[str, Meta(description="Subject whose sessions they were.")]
    actor: Annotated[Actor, Meta(description="Who closed them.")]
    sessions: Annotated[int, Meta(description="How many.")]
    session: Annotated[str | None, Meta(description="Id of the session, where it was one.")] = None
    provider: Annotated[str | None, Meta(description="Identity provider that asked for it.")] = None
    source: Annotated[Source | None, Meta(description="From where.")] = None
    payload: Annotated[Payload | None, Meta(description="Part identity of the owner.")] = None


class AccessSelfGranted(Body, frozen=True, kw_only=True, tag="access.self_granted"):
    """Somebody who administers gave themselves a role that shows more of the log than they saw before. Beside the record of the change itself."""

    actor: Annotated[Actor, Meta(description="Who made the change.")]
    subject: Annotated[str, Meta(description="Pseudonym of who sees more by it: the same person, or an administrator whom the host names.")]
    roles: Annotated[tuple[str, ...], Meta(description="Roles that they have since.")]
    groups: Annotated[tuple[str, ...], Meta(description="Groups of fields that they see more of.")]
    by: Annotated[Literal["group", "role"], Meta(description="group: their groups were changed by hand; role: a document of kind Role.")]
    revision: Annotated[int, Meta(description="Revision of the whole configuration after the change.")]
    payload: Annotated[Payload | None, Meta(description="Part identity of the actor.")] = None
