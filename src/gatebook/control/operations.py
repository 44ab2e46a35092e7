"""What the command line can ask for: one function for each, the same whether a keeper runs or not. Parameters and results are JSON."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from gatebook.control import clienting, credentials, directory, governance, history, receipts, tooling
from gatebook.control.desk import Desk, LinkOrder
from gatebook.control.governance import Text, read_texts
from gatebook.identity.cutting import CutOrder
from gatebook.identity.directory import Principal
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.service_accounts import ServiceOrder
from gatebook.reading.rule_changes import Terms
from gatebook.state.editing import Wanted


class ApplyOrder(Struct, frozen=True, kw_only=True):
    """Parameters of apply. `alone`: without the second person who is asked for."""

    texts: list[Text]
    reason: str | None = None
    dry_run: bool = False
    alone: bool = False


class DeleteOrder(Struct, frozen=True, kw_only=True):
    """Parameters of delete. `alone` as in apply."""

    kind: str
    name: str
    reason: str | None = None
    dry_run: bool = False
    alone: bool = False


class GetOrder(Struct, frozen=True, kw_only=True):
    """Parameters of get."""

    kind: str | None = None
    name: str | None = None


class RevokeOrder(Struct, frozen=True, kw_only=True):
    """Parameters of token_revoke: an id or a shown prefix."""

    token: str
    reason: str | None = None


class CutOffOrder(Struct, frozen=True, kw_only=True):
    """Parameters of cut_off."""

    person: str
    reason: str = ""
    keep_active: bool = False
    dry_run: bool = False


async def _apply(desk: Desk, order: ApplyOrder, caller: Principal) -> object:
    wanted = Wanted(documents=tuple(read_texts(order.texts)))
    return await desk.changing.make(wanted, caller, Terms(reason=order.reason, dry_run=order.dry_run, alone=order.alone))


async def _delete(desk: Desk, order: DeleteOrder, caller: Principal) -> object:
    wanted = Wanted(deletions=((order.kind, order.name),))
    return await desk.changing.make(wanted, caller, Terms(reason=order.reason, dry_run=order.dry_run, alone=order.alone))


async def _get(desk: Desk, order: GetOrder, _caller: Principal) -> object:
    return desk.resources(order.kind, order.name)


async def _token_create(desk: Desk, order: TokenOrder, caller: Principal) -> object:
    return await desk.issuing.create(order, caller)


async def _token_list(desk: Desk, _order: GetOrder, _caller: Principal) -> object:
    return {
        "tokens": [{name: value for name, value in msgspec.structs.asdict(token).items() if name != "sha256"} for token in desk.tokens()],
        "people": desk.people(),
        "now_us": time.time_ns() // 1000,
    }


async def _token_revoke(desk: Desk, order: RevokeOrder, caller: Principal) -> object:
    return await desk.issuing.revoke(order.token, caller, order.reason)


async def _service_account(desk: Desk, order: ServiceOrder, caller: Principal) -> object:
    return await desk.issuing.put_service_account(order, caller)


async def _bootstrap(desk: Desk, order: LinkOrder, caller: Principal) -> object:
    return await desk.make_link(order, caller)


async def _cut_off(desk: Desk, order: CutOffOrder, caller: Principal) -> object:
    if order.dry_run:
        return {"dry_run": True, "outlook": desk.outlook(order.person)}
    wanted = CutOrder(person=order.person, reason=order.reason, keep_active=order.keep_active)
    severed = await desk.cut_off(wanted, caller)
    await desk.cutting.completed(severed.id)
    return {"dry_run": False, "receipt": desk.receipt(severed.id)}


Operation = Callable[[Desk, Any, Principal], Awaitable[object]]
OPERATIONS: dict[str, tuple[type[Struct], Operation]] = {
    "apply": (ApplyOrder, _apply),
    "delete": (DeleteOrder, _delete),
    "get": (GetOrder, _get),
    "token_create": (TokenOrder, _token_create),
    "token_list": (GetOrder, _token_list),
    "token_revoke": (RevokeOrder, _token_revoke),
    "service_account": (ServiceOrder, _service_account),
    "bootstrap": (LinkOrder, _bootstrap),
    "cut_off": (CutOffOrder, _cut_off),
    **directory.OPERATIONS,
    **governance.OPERATIONS,
    **tooling.OPERATIONS,
    **history.OPERATIONS,
    **clienting.OPERATIONS,
    **credentials.OPERATIONS,
    **receipts.OPERATIONS,
}


async def perform(desk: Desk, name: str, params: bytes, caller: Principal) -> bytes:
    """Run one operation on JSON parameters; returns JSON. Raises KeyError for an unknown name, msgspec.ValidationError, and as the desk does."""
    order_type, operation = OPERATIONS[name]
    order = msgspec.json.decode(params or b"{}", type=order_type)
    return msgspec.json.encode(await operation(desk, order, caller))
