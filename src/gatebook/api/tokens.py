"""Tokens and service accounts: one's own, for administrators all. They are made and revoked in person: by a session, not by a token."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import Problem
from gatebook.identity.issuing import NAME_CHARACTERS_MAX, REASON_CHARACTERS_MAX, TokenOrder
from gatebook.identity.scopes import SCOPES_MAX
from gatebook.identity.service_accounts import ServiceOrder
from gatebook.reading.people_room import ME
from gatebook.reading.token_room import Account, TokenList, TokenRow, Wanted, row_of

_DAY_US: Final = 86_400_000_000
_DAYS_MAX: Final = 3650
_PAGE_MAX: Final = 100_000
_TEXT_CHARACTERS_MAX: Final = 200
_NO_TOKEN: Final = "There is no such token of which you may dispose."
_NO_NAME: Final = "The name of an account has letters, digits and . _ @ + - alone."
_PROBLEMS: Final = {403: "The caller may not, or acts by a token.", 409: "Not like that; the detail says why."}
_Id = Annotated[str, Meta(min_length=1, max_length=128)]
_Reason = Annotated[Annotated[str, Meta(max_length=REASON_CHARACTERS_MAX)], Meta(description="Why, for the record.")]


class TokenWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to make."""

    person: Annotated[_Id, Meta(description="Whose: oneself (`me`), or a service account that one answers for or administers.")] = ME
    name: Annotated[Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX)], Meta(description="What it is for.")] = ""
    scopes: Annotated[
        Annotated[list[Annotated[str, Meta(max_length=80)]], Meta(max_length=SCOPES_MAX)],
        Meta(description="What it is good for: mcp, mcp:<connector>, book:read; empty: all that its owner may do."),
    ] = []
    days: Annotated[
        Annotated[int, Meta(ge=1, le=_DAYS_MAX)] | None,
        Meta(description="How long it lives; null: for ever, which takes an administrator and a reason."),
    ] = 90
    reason: _Reason = ""


class MadeToken(Struct, frozen=True, kw_only=True):
    """A new token. `secret` is in this answer and nowhere else."""

    secret: str
    token: TokenRow


class AccountWanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service account as it should be; what is null stays as it is."""

    owner: Annotated[_Id | None, Meta(description="Id of the person who answers for it; a new account needs one.")] = None
    name: Annotated[Annotated[str, Meta(max_length=200)] | None, Meta(description="Name that people read.")] = None
    groups: Annotated[
        Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=200)] | None, Meta(description="All of its groups.")
    ] = None
    keep_tokens: Annotated[bool, Meta(description="Whether its tokens stay valid under a new owner.")] = False
    reason: _Reason = ""


class AccountList(Struct, frozen=True, kw_only=True):
    """All service accounts, suspended ones first."""

    accounts: tuple[Account, ...]


class Tokens:
    """Operations of `/v1/tokens` and `/v1/service-accounts`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._tokens = deps.tokens
        self._clock = deps.room.clock

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (*self._of_tokens(), *self._of_accounts())

    def _of_tokens(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="listTokens",
                method="GET",
                path="/v1/tokens",
                group="tokens",
                handle=self.list,
                summary="Tokens, newest first: one's own and those of service accounts that one answers for; for administrators all.",
                parameters=(
                    params.text("contains", "Only those that have this in owner, name, id or first characters.", _TEXT_CHARACTERS_MAX),
                    params.choice(
                        "kind", "Only of this kind; when it is left out, all but those of AI apps.", ("personal", "service", "oauth")
                    ),
                    params.choice("state", "Only those that stand like this.", ("valid", "expired", "revoked", "suspended")),
                    params.flag("own", "Only one's own, for administrators too."),
                    params.integer("page", "Number of the page of 100 tokens.", 1, _PAGE_MAX, 1),
                ),
                answer=TokenList,
            ),
            Operation(
                name="createToken",
                method="POST",
                path="/v1/tokens",
                group="tokens",
                handle=self.create,
                summary="Make a token, on the record. Its secret is in the answer and nowhere else.",
                body=TokenWanted,
                answer=MadeToken,
                status=201,
                problems=_PROBLEMS,
            ),
            Operation(
                name="revokeToken",
                method="DELETE",
                path="/v1/tokens/{id}",
                group="tokens",
                handle=self.revoke,
                summary="Make a token worthless, everywhere within a second, on the record.",
                parameters=(params.in_path("id", "Id of the token.", "tok_[0-9a-f]{12}", _NO_TOKEN, form="gatebook-token"),),
                status=204,
                problems={**_PROBLEMS, 404: "There is no such token of which the caller may dispose."},
            ),
        )

    def _of_accounts(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="listServiceAccounts",
                method="GET",
                path="/v1/service-accounts",
                group="tokens",
                handle=self.accounts,
                summary="Service accounts, and who answers for each; for administrators.",
                answer=AccountList,
                problems={403: _PROBLEMS[403]},
            ),
            Operation(
                name="putServiceAccount",
                method="PUT",
                path="/v1/service-accounts/{id}",
                group="tokens",
                handle=self.put_account,
                summary="Make or change a service account, or give it to another owner; for administrators, on the record.",
                description="Under a new owner its tokens are worthless, unless `keep_tokens` says otherwise; one that was suspended is active again.",
                parameters=(params.in_path("id", "Short name of the account.", "[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", _NO_NAME),),
                body=AccountWanted,
                answer=Account,
                problems={**_PROBLEMS, 404: _NO_NAME},
            ),
        )

    async def list(self, ask: Ask) -> TokenList:
        """A page of them."""
        values = ask.values
        wanted = Wanted(
            text=values["contains"], kind=values["kind"] or None, state=values["state"] or None, own=values["own"], page=values["page"]
        )
        return await self._tokens.tokens(ask.viewer, wanted)

    async def create(self, ask: Ask) -> MadeToken:
        """Make one."""
        body: TokenWanted = ask.body
        order = TokenOrder(
            person=ask.viewer.principal.person if body.person == ME else body.person,
            name=body.name,
            scopes=tuple(body.scopes),
            expires_us=None if body.days is None else self._clock.wall_us() + body.days * _DAY_US,
            never=body.days is None,
            reason=body.reason or None,
        )
        issued = await self._tokens.create(ask.viewer, order)
        return MadeToken(secret=issued.secret, token=row_of(issued))

    async def revoke(self, ask: Ask) -> None:
        """Revoke one."""
        await self._tokens.revoke(ask.viewer, ask.values["id"])

    async def accounts(self, ask: Ask) -> AccountList:
        """All accounts."""
        return AccountList(accounts=await self._tokens.accounts(ask.viewer))

    async def put_account(self, ask: Ask) -> Account:
        """Make, change, give away."""
        body: AccountWanted = ask.body
        order = ServiceOrder(
            id=ask.values["id"],
            owner=body.owner,
            name=body.name,
            groups=None if body.groups is None else tuple(body.groups),
            keep_tokens=body.keep_tokens,
            reason=body.reason or None,
        )
        made = await self._tokens.put_account(ask.viewer, order)
        found = next((one for one in await self._tokens.accounts(ask.viewer) if one.id == made.id), None)
        if found is None:
            raise Problem(404, "Not found", "The account is gone already.")
        return found
