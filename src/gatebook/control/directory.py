"""What the command line can ask for about the directory."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal
from gatebook.identity.scim.provisioning import DirectoryTokenOrder, Provisioning


class RevokeDirectoryToken(Struct, frozen=True, kw_only=True):
    """Parameters of scim_token_revoke: an id or a shown beginning."""

    token: str


class AdoptOrder(Struct, frozen=True, kw_only=True):
    """Parameters of directory_adopt."""

    person: str


class Nothing(Struct, frozen=True, kw_only=True):
    """No parameters."""


async def _create(desk: Desk, order: DirectoryTokenOrder, caller: Principal) -> object:
    return await Provisioning(desk.journal).create_token(order, caller)


async def _list(desk: Desk, _order: Nothing, _caller: Principal) -> object:
    return {"tokens": Provisioning(desk.journal).tokens(), "now_us": desk.clock.wall_us()}


async def _revoke(desk: Desk, order: RevokeDirectoryToken, caller: Principal) -> object:
    return await Provisioning(desk.journal).revoke_token(order.token, caller)


async def _adopt(desk: Desk, order: AdoptOrder, caller: Principal) -> object:
    return await Provisioning(desk.journal).adopt(order.person, caller)


OPERATIONS: dict[str, tuple[type[Struct], Callable[[Desk, Any, Principal], Awaitable[object]]]] = {
    "scim_token_create": (DirectoryTokenOrder, _create),
    "scim_token_list": (Nothing, _list),
    "scim_token_revoke": (RevokeDirectoryToken, _revoke),
    "directory_adopt": (AdoptOrder, _adopt),
}
"""What the command line can ask for."""
