"""The rail: all pages of the console in groups, each shown to those for whom it is."""

from typing import Final, Literal

from msgspec import Struct

from gatebook.reading.viewer import Viewer

OWN_CALLS: Final = "My calls"
OWN_PAGE: Final = "What may I do?"
READINGS: Final = "Who looked at my calls"
CONNECTED_APPS: Final = "Connected apps"


class Entry(Struct, frozen=True, kw_only=True):
    """One page. `key` follows `g`; `whose`: for everybody, for those who read all calls, or for administrators; `label` where the name is too long."""

    name: str
    href: str
    icon: str
    key: str
    whose: Literal["everybody", "readers", "administrators"] = "everybody"
    label: str = ""


class Section(Struct, frozen=True, kw_only=True):
    """Pages that belong together, under a small heading."""

    name: str
    entries: tuple[Entry, ...]


RAIL: Final = (
    Section(
        name="You",
        entries=(
            Entry(name=OWN_CALLS, href="/me", icon="person", key="m"),
            Entry(name=OWN_PAGE, href="/people/me", icon="list", key="w"),
            Entry(name="My connections", href="/connections", icon="link", key="n"),
            Entry(name=CONNECTED_APPS, href="/connected-apps", icon="windows", key="b"),
            Entry(name=READINGS, href="/readings", icon="eye", key="h", label="Who looked"),
            Entry(name="Requests", href="/requests", icon="inbox", key="q"),
        ),
    ),
    Section(
        name="Calls",
        entries=(
            Entry(name="Explorer", href="/", icon="search", key="e"),
            Entry(name="Saved searches", href="/saved", icon="star", key="s"),
            Entry(name="Investigate", href="/investigate", icon="reach", key="i"),
            Entry(name="Trends", href="/trends", icon="graph", key="t"),
            Entry(name="Records", href="/records", icon="records", key="r"),
            Entry(name="Exports", href="/exports", icon="download", key="x"),
        ),
    ),
    Section(
        name="Governance",
        entries=(
            Entry(name="Connectors", href="/connectors", icon="plug", key="c", whose="readers"),
            Entry(name="Policies", href="/policies", icon="shield", key="p", whose="readers"),
            Entry(name="Guardrails", href="/guardrails", icon="fence", key="u", whose="readers"),
            Entry(name="Grants", href="/grants", icon="key", key="g", whose="readers"),
        ),
    ),
    Section(
        name="Identity",
        entries=(
            Entry(name="People", href="/people", icon="people", key="o", whose="readers"),
            Entry(name="Roles", href="/roles", icon="badge", key="l", whose="readers"),
            Entry(name="Cut-offs", href="/cut-offs", icon="cut", key="f", whose="readers"),
            Entry(name="Directory", href="/directory", icon="tree", key="d", whose="administrators"),
            Entry(name="Tokens", href="/tokens", icon="token", key="k", whose="administrators"),
            Entry(name="AI clients", href="/clients", icon="app", key="a", whose="administrators"),
        ),
    ),
)


def rail_of(viewer: Viewer) -> list[Section]:
    """What of the rail is for somebody; no section without pages."""
    shown = {"everybody": True, "readers": viewer.reads_all, "administrators": viewer.administers}
    sections = [Section(name=one.name, entries=tuple(entry for entry in one.entries if shown[entry.whose])) for one in RAIL]
    return [one for one in sections if one.entries]
