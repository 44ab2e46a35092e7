"""Who may call a tool."""

import pytest

from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.request import HINTS
from gatebook.policy.selectors import ToolPack
from gatebook.reading.callers import PEOPLE_MAX, Grants, callers_of, grants_of
from gatebook.state.snapshot import Person

RULES = AccessRules(connector="crm", people=("ana",), groups=("sales",), tools_allow=("get_*",), tools_deny=("*_secret",))
PACKS = [ToolPack(name="desk", tools={"crm": ("export", "x_secret")}, groups=("ops",)), ToolPack(name="unused", tools={"crm": ("*",)})]


@pytest.mark.parametrize(
    ("tool", "wanted"),
    [
        ("get_deal", Grants(groups=("sales",), people=("ana",))),
        ("export", Grants(packs=("desk",))),
        ("put_deal", Grants()),
        ("get_secret", Grants()),
        ("x_secret", Grants()),
    ],
)
def test_grants_are_those_of_the_connector_and_of_packs(tool: str, wanted: Grants) -> None:
    """A pattern of denied tools takes both away; a pack that nobody has gives nothing."""
    assert grants_of(tool, RULES, PACKS) == wanted


def test_policies_are_asked_for_every_active_person() -> None:
    """Each person is counted once; who is denied or gone is not named."""
    bundle = Bundle.compile(Sources(access=(RULES,), packs=tuple(PACKS), rules=(), grants=(), default="allow", hash="x"))
    people = {
        "ana": Person(id="ana", name="Ana"),
        "bo": Person(id="bo", groups=("sales",)),
        "cy": Person(id="cy", groups=("ops",)),
        "di": Person(id="di", groups=("sales",), active=False),
    }
    found = callers_of(bundle, people, ("crm", "get_deal", HINTS), 1)
    assert found is not None and found.people == 3
    assert found.counts == {"allowed": 2, "conditional": 0, "pending": 0, "denied": 1}
    assert [one.name for one in found.named] == ["Ana", "bo"] and found.named[0].rules == ("connector/crm:allow.people[ana]",)
    many = {str(number): Person(id=str(number)) for number in range(PEOPLE_MAX + 1)}
    assert callers_of(bundle, many, ("crm", "get_deal", HINTS), 1) is None
