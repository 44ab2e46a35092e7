"""Which requests a selector takes, one by one."""

import msgspec
import pytest
from hypothesis import given, settings

from gatebook.policy.request import Hints, Request
from gatebook.policy.selectors import Matcher, Selector, ToolPack, UnknownSource, about_tools, faults, shown
from gatebook.policy.windows import Window
from tests.policy import cast, naive
from tests.policy.cast import NOON_US, PACKS, asking

BY_NAME = {pack.name: pack for pack in PACKS}


def miss(selector: Selector, request: Request) -> str | None:
    """Why a selector does not take a request."""
    return Matcher(selector, BY_NAME).static_miss(request)


@given(selector=cast.selectors, request=cast.requests)
@settings(max_examples=250)
def test_a_selector_takes_what_a_plain_reading_takes(selector: Selector, request: Request) -> None:
    """The matcher and a second implementation agree on who, client, connector and tool."""
    assert (miss(selector, request) is None) == naive.selects(selector, PACKS, request)


def test_an_empty_selector_takes_everything() -> None:
    """Also a caller of whom nothing is known."""
    assert Matcher(Selector(), {}).matches(Request(connector="crm"))


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (Selector(people=("bob",)), "ana, in group sales, is not one of people bob"),
        (Selector(groups=("hr",), service_accounts=("*",)), "ana, in group sales, is not one of groups hr or service_accounts *"),
        (Selector(not_people=("ANA@corp.example",)), "ana is excluded by not_people"),
        (Selector(not_groups=("Sales",)), "one of group sales is excluded by not_groups Sales"),
        (Selector(clients=("claude*",)), "client Cursor is not one of claude*"),
        (Selector(connectors=("mail",)), "connector crm is not one of mail"),
        (Selector(tools=("get_*",)), "tool list is not one of get_*"),
        (Selector(tools=("LIST",)), "tool list is not one of LIST"),
        (Selector(packs=("readers",), connectors=("crm",), tools=("delete",)), "tool list is not one of delete"),
        (Selector(hints=Hints(read_only=True)), "the tool counts as not read_only"),
        (Selector(hints=Hints(destructive=False)), "the tool counts as destructive"),
    ],
)
def test_a_miss_is_said_in_a_sentence(selector: Selector, words: str) -> None:
    """It names the dimension, what was asked and what is selected."""
    assert miss(selector, asking()) == words


def test_case_matters_for_tools_and_not_for_people_groups_and_clients() -> None:
    """Directories and clients are careless about case; tools are not."""
    assert miss(Selector(people=("ANA",), clients=("CURSOR",)), asking()) is None
    assert miss(Selector(groups=("SALES",)), asking()) is None


def test_what_is_about_tools_leaves_other_requests_alone() -> None:
    """A rule with tools, packs or hints says nothing about resources and prompts; one about the connector does."""
    for selector in (Selector(tools=("*",)), Selector(packs=("all",)), Selector(hints=Hints(open_world=True))):
        assert about_tools(selector) and miss(selector, asking(None)) is not None
    assert miss(Selector(connectors=("crm",)), asking(None)) is None


def test_an_address_that_is_not_known_is_no_answer() -> None:
    """Neither inside nor outside of a network, so that the rule can decide what is safe."""
    for selector in (Selector(networks=("10.0.0.0/8",)), Selector(not_networks=("10.0.0.0/8",))):
        with pytest.raises(UnknownSource):
            Matcher(selector, {}).matches(asking(source_ip="unix"))
    inside = Matcher(Selector(networks=("10.0.0.0/8", "fd00::/8"), not_networks=("10.9.0.0/16",)), {})
    assert inside.matches(asking()) and inside.matches(asking(source_ip="fd00::1")) and inside.dynamic
    assert not inside.matches(asking(source_ip="10.9.1.1")) and not inside.matches(asking(source_ip="8.8.8.8"))


def test_hours_are_part_of_it() -> None:
    """Outside the hours there is no match, and a time that no calendar has is no answer."""
    morning = Matcher(Selector(times=(Window(to="12:00"),)), {})
    assert morning.matches(asking(time_us=NOON_US - 1)) and not morning.matches(asking())
    with pytest.raises(UnknownSource):
        morning.matches(asking(time_us=10**30))


def test_faults_name_their_place() -> None:
    """Empty names, unreadable windows and networks, packs that are not there."""
    bad = Selector(
        people=(" ",),
        times=(Window(), Window(zone="Mars")),
        networks=("10.0.0.0/8", "x"),
        not_networks=("1.2.3.4/8",),
        packs=("readers", "none"),
    )
    assert [path for path, _ in faults(bad, BY_NAME)] == ["people", "times[1].zone", "networks[1]", "not_networks[0]", "packs[1]"]


def test_a_field_that_does_not_exist_is_refused() -> None:
    """A misspelt dimension would make a rule wider than it was meant."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"group": ["hr"]}, Selector)


def test_a_pack_knows_its_tools() -> None:
    """By pattern of the connector, then of the tool."""
    pack = ToolPack(name="p", tools={"crm*": ("get_*",), "mail": ()})
    assert pack.holds("crm-eu", "get_a") and pack.touches("crm-eu")
    assert not pack.holds("crm", "delete") and not pack.holds("mail", "get_a") and not pack.touches("mail")


def test_long_lists_are_cut_in_sentences() -> None:
    """Eight names, then how many more."""
    assert shown(tuple("abcdefghij")) == "a, b, c, d, e, f, g, h and 2 more"
