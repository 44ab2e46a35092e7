"""What a selector says, in one line of words. Pure."""

from collections.abc import Sequence
from typing import Final

from gatebook.policy.rules import Limit
from gatebook.policy.selectors import EVERYBODY, HINT_NAMES, Selector
from gatebook.policy.windows import Window

_NAMES_MAX: Final = 4
_HINTS: Final = {
    "read_only": ("that read only", "that write"),
    "destructive": ("that destroy", "that destroy nothing"),
    "idempotent": ("that may be repeated", "that may not be repeated"),
    "open_world": ("that reach outside", "that stay inside"),
}
_SPANS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def applies_to(selector: Selector, limit: Limit | None = None) -> str:
    """Whose calls of which tools, when and from where: `Group sales: tools export_* of crm, from 10.0.0.0/8`."""
    who = _who(selector)
    rest = [_what(selector), *_circumstances(selector), *([_above(limit)] if limit else [])]
    return f"{who[:1].upper()}{who[1:]}: {', '.join(rest)}"


def _who(chosen: Selector) -> str:
    named = []
    if not EVERYBODY.isdisjoint((*chosen.people, *chosen.groups)):
        named = ["everybody"]
    else:
        named += [_count("group", chosen.groups)] if chosen.groups else []
        named += [_listed(chosen.people)] if chosen.people else []
        if chosen.service_accounts:
            named.append("all service accounts" if "*" in chosen.service_accounts else _count("service account", chosen.service_accounts))
    but = [_count("group", chosen.not_groups)] if chosen.not_groups else []
    but += [_listed(chosen.not_people)] if chosen.not_people else []
    who = " and ".join(named) or "everybody"
    return f"{who} but {' and '.join(but)}" if but else who


def _what(chosen: Selector) -> str:
    hints = [_HINTS[name][0 if value else 1] for name in HINT_NAMES if (value := getattr(chosen.hints, name)) is not None]
    tools = _count("tool", chosen.tools) if chosen.tools else "all tools"
    if chosen.packs:
        tools += f" of {_count('pack', chosen.packs)}"
    if chosen.connectors:
        tools += f" of {_listed(chosen.connectors)}"
    return " ".join([tools, " and ".join(hints)]).strip()


def _circumstances(chosen: Selector) -> list[str]:
    said = [f"with {_listed(chosen.clients)}"] if chosen.clients else []
    said += [" or ".join(map(_hours, chosen.times))] if chosen.times else []
    said += [f"from {_listed(chosen.networks)}"] if chosen.networks else []
    said += [f"not from {_listed(chosen.not_networks)}"] if chosen.not_networks else []
    return said


def _hours(window: Window) -> str:
    days = f"{'/'.join(window.days)} " if window.days else ""
    return f"{days}{window.from_}-{window.to} {window.zone}"


def _above(limit: Limit) -> str:
    if limit.calls_max is not None:
        most = f"{limit.calls_max:,} calls"
    elif limit.arguments_bytes_max is not None:
        most = f"{limit.arguments_bytes_max:,} bytes of arguments"
    else:
        most = f"{limit.response_bytes_max or 0:,} bytes of responses"
    seconds, unit = next((span, name) for span, name in _SPANS if limit.per_s % span == 0)
    count = limit.per_s // seconds
    per = unit if count == 1 else f"{count} {unit}s"
    return f"above {most} per {per}" + (f" and {', '.join(limit.by)}" if limit.by else "")


def _count(noun: str, names: Sequence[str]) -> str:
    return f"{noun}{'' if len(names) == 1 else 's'} {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_NAMES_MAX])
    if len(names) > _NAMES_MAX:
        return f"{', '.join(shown)} and {len(names) - _NAMES_MAX} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
