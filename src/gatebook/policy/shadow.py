"""Whether one selector takes all that another takes: found by comparing them, so a rule that can never decide shows before any call."""

from gatebook.policy.globs import covers
from gatebook.policy.selectors import EVERYBODY, HINT_NAMES, Names, Selector, about_tools

_ALL = ("*",)


def takes_all_of(wide: Selector, narrow: Selector) -> bool:
    """Whether every request that `narrow` selects is selected by `wide`. Never wrong when True; False may mean that it is not known."""
    return (
        _who(wide, narrow)
        # A selector of tools, be it all of them, leaves out what is no call of a tool.
        and (about_tools(narrow) or not about_tools(wide))
        and _patterns(_low(wide.clients), _low(narrow.clients))
        and _patterns(wide.connectors, narrow.connectors)
        and _patterns(wide.tools, narrow.tools)
        and (not wide.packs or (bool(narrow.packs) and set(narrow.packs) <= set(wide.packs)))
        and all(getattr(wide.hints, name) in (None, getattr(narrow.hints, name)) for name in HINT_NAMES)
        and wide.times in ((), narrow.times)
        and (not wide.networks or (bool(narrow.networks) and set(narrow.networks) <= set(wide.networks)))
        and set(wide.not_networks) <= set(narrow.not_networks)
    )


def _who(wide: Selector, narrow: Selector) -> bool:
    if not (_set(wide.not_people) <= _set(narrow.not_people) and _set(wide.not_groups) <= _set(narrow.not_groups)):
        return False
    if not (wide.people or wide.groups or wide.service_accounts) or (_set(wide.people) | _set(wide.groups)) & EVERYBODY:
        return True
    named = bool(narrow.people or narrow.groups or narrow.service_accounts)
    # A service account may be named under people, too: there it is found by its id.
    services = "*" in wide.service_accounts or _set(narrow.service_accounts) <= _set(wide.service_accounts) | _set(wide.people)
    return named and _set(narrow.people) <= _set(wide.people) and _set(narrow.groups) <= _set(wide.groups) and services


def _patterns(wide: Names, narrow: Names) -> bool:
    return not wide or all(any(covers(one, other) for one in wide) for other in narrow or _ALL)


def _low(names: Names) -> Names:
    return tuple(name.lower() for name in names)


def _set(names: Names) -> set[str]:
    return set(_low(names))
