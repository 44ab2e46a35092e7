"""What the command line can ask about cut-offs."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal
from gatebook.reading.cut_off_room import CutOffRoom
from gatebook.reading.viewer import Viewer


class ListOrder(Struct, frozen=True, kw_only=True):
    """Parameters of cut_off_list: of one person, or of all."""

    person: str = ""
    page: Annotated[int, Meta(ge=1)] = 1


class ShowOrder(Struct, frozen=True, kw_only=True):
    """Parameters of cut_off_show: the id of a cut-off."""

    id: str


async def listed(desk: Desk, order: ListOrder, caller: Principal) -> object:
    """A page of receipts, newest first."""
    return _room(desk).receipts(Viewer(principal=caller), order.person, order.page)


async def shown(desk: Desk, order: ShowOrder, caller: Principal) -> object:
    """One receipt; null where there is none."""
    return _room(desk).receipt(Viewer(principal=caller), order.id)


def _room(desk: Desk) -> CutOffRoom:
    return CutOffRoom(desk.store, desk)


OPERATIONS: dict[str, tuple[type[Struct], Any]] = {"cut_off_list": (ListOrder, listed), "cut_off_show": (ShowOrder, shown)}
