"""What else is one's own: accounts at connectors, apps that may act for one, console sessions, and who was shown one's calls. A line each, and the way there."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from gatebook.console.deps import ConsoleDeps
from gatebook.console.rail import CONNECTED_APPS, READINGS
from gatebook.console.times import ago
from gatebook.definitions.telling import one_line
from gatebook.reading.people_room import ME
from gatebook.reading.viewer import Viewer

_NAME_CHARACTERS_MAX = 80
_NAMES = 3


class Panel(Struct, frozen=True, kw_only=True):
    """A part of "My calls" that another page has more of."""

    title: str
    href: str
    line: Callable[[Viewer], Awaitable[str]]


def own_panels(deps: ConsoleDeps) -> tuple[Panel, ...]:
    """All of them."""

    async def connections(viewer: Viewer) -> str:
        mine = await asyncio.to_thread(deps.connections.mine, viewer)
        works = sum(one.state in ("connected", "needs_permission") for one in mine)
        lost = [one.title or one.connector for one in mine if one.state == "needs_reconnect"]
        if not mine:
            return "No connector wants an account of yours."
        again = f" Connect {_listed(lost)} again." if lost else ""
        return f"{works} of {len(mine)} connected.{again}"

    async def apps(viewer: Viewer) -> str:
        grants = await asyncio.to_thread(deps.clients.of_person, viewer, viewer.principal.person)
        names = [one.name or one.host for one in grants]
        return f"{_listed(names)} may act for you." if names else "No app has signed in for you."

    async def sessions(viewer: Viewer) -> str:
        open_ones = await asyncio.to_thread(deps.door.sessions.of, viewer.principal.person)
        return f"Signed in {'here alone' if len(open_ones) == 1 else f'in {len(open_ones)} places'}."

    async def readings(viewer: Viewer) -> str:
        found = await deps.roles.readings(viewer)
        if not found.readings:
            return "Nobody else was shown a call of yours in 90 days."
        newest, now_us = found.readings[0], deps.room.clock.wall_us()
        times = f"{len(found.readings)}{' or more' if found.more else ''}"
        what = " with arguments or answers" if newest.payloads else ""
        who = one_line(newest.by, _NAME_CHARACTERS_MAX) or "Somebody"
        return f"{times} {'time' if times == '1' else 'times'} in 90 days; last {who}{what}, {ago(now_us - newest.time_us)}."

    return (
        Panel(title="My connections", href="/connections", line=connections),
        Panel(title=CONNECTED_APPS, href="/connected-apps", line=apps),
        Panel(title="My sessions", href=f"/people/{ME}#sessions", line=sessions),
        Panel(title=READINGS, href="/readings", line=readings),
    )


def _listed(names: Sequence[str]) -> str:
    """A few names, and how many more."""
    shown = [one_line(name, _NAME_CHARACTERS_MAX) for name in names[:_NAMES]]
    return ", ".join(shown) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
