"""Conditions over calls."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.policy.arguments import ITEMS_MAX
from gatebook.policy.conditions import CHARACTERS_MAX, NESTING_MAX, Condition, Facts
from gatebook.policy.engine import ConditionError, ConditionFailed
from tests.policy import naive
from tests.policy.cast import CONDITIONS, ENGINE, HOUR_US, NOON_US, asking

MORE = (
    "args.q == 'xy' ? args.limit > 1 : has(args.list)",
    "args.list.exists(one, one == args['q'])",
    "args[?'limit'].hasValue() && args.size() == 2",
    "'args.limit' == args.q || args.?deep.?limit.orValue(0) > 3",
    "[args][0].limit == 5 /* no comment */".replace(" /* no comment */", ""),
    "cel.bind(args2, args, args2.limit == 5)",
    ".args.limit == 5",
    "args.map(key, key).size() > 1",
)
some_args = st.dictionaries(
    st.sampled_from(["limit", "q", "list", "deep", "one"]),
    st.sampled_from([5, 11, "xy", "args.limit", ["xy", 1], {"limit": 7}, None, 2.5, True, 2**70]),
    max_size=4,
)


def answer(source: str, request: object) -> bool | None:
    """Evaluate; None for no answer."""
    try:
        return Condition.compile(source, ENGINE).eval(Facts(request))
    except ConditionFailed:
        return None


@given(source=st.sampled_from(CONDITIONS + MORE), args=some_args)
@settings(max_examples=250)
def test_giving_only_what_is_read_changes_no_answer(source: str, args: dict[str, object]) -> None:
    """The answer is that of an engine which is given all arguments and variables, where that has one."""
    request = asking(args=args)
    try:
        expected = ENGINE.compile(source).run(naive._all_facts(request, True))
    except ConditionFailed:
        # The engine refuses a number that is out of its range even where nobody reads it; here it may be left out.
        assert 2**70 in args.values() or answer(source, request) is None
    else:
        assert answer(source, request) is expected


def test_hour_and_weekday_are_in_utc() -> None:
    """A minute before midnight on Monday is hour 23 of mon."""
    late = asking(time_us=NOON_US + 12 * HOUR_US - 60_000_000)
    assert answer("hour == 23 && weekday == 'mon'", late)
    assert answer("hour == 0 && weekday == 'tue'", asking(time_us=NOON_US + 12 * HOUR_US))
    assert answer("hour == 1", asking(time_us=10**30)) is None


def test_all_variables_have_the_values_of_the_call() -> None:
    """Person, email, groups, client, connector, tool, address."""
    source = "[person, email, groups[0], client, connector, tool, source_ip] == ['ana', 'ana@corp.example', 'sales', 'Cursor', 'crm', 'list', '10.1.2.3']"
    assert answer(source, asking())
    assert answer("tool == ''", asking(None))


def test_a_condition_says_what_it_reads() -> None:
    """For lint, for the choice of what to convert, and for calls that have no arguments."""
    condition = Condition.compile("args.limit > 1 && hour > 3", ENGINE)
    assert (condition.keys, condition.reads_arguments) == ({"limit"}, True)
    assert not Condition.compile("hour > 3", ENGINE).reads_arguments


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("true || " * (CHARACTERS_MAX // 8) + "true", "longer"),
        ("(" * (NESTING_MAX + 1) + "true" + ")" * (NESTING_MAX + 1), "deeper"),
        ("[" * 2000 + "]" * 2000 + " == []", "deeper"),
    ],
)
def test_hostile_expressions_are_refused(source: str, message: str) -> None:
    """Length and nesting have a limit."""
    with pytest.raises(ConditionError, match=message):
        Condition.compile(source, ENGINE)


@pytest.mark.parametrize(
    "source",
    ["!" * 4000 + "true", "-" * 4001 + "1 < 0", "args" + ".a" * 3500 + " == 1", "1" + "+1" * 3900 + " > 0", "true" + "?true:true" * 700],
)
def test_long_chains_are_answered_or_refused(source: str) -> None:
    """No expression within the limits ends the process: it compiles or not, and has an answer or not."""
    try:
        condition = Condition.compile(source, ENGINE)
    except ConditionError:
        return
    try:
        assert condition.eval(Facts(asking(args={"a": {}}))) in (True, False)
    except ConditionFailed:
        pass


@pytest.mark.parametrize("args", [{"q": "harmless\0secret"}, {"q": ["\0"]}, {"q": {"k\0": 1}}, {"q": "x", "k\0": 1}])
def test_a_zero_character_hides_nothing_from_a_condition(args: dict[str, object]) -> None:
    """An engine that ends texts there would not see the rest: there is no answer, so a rule that denies does."""
    assert answer("args.q.contains('secret')", asking(args=args)) is None
    assert answer("args.q != 'harmless'", asking(args=args)) is None


def test_a_zero_character_is_refused_wherever_it_stands() -> None:
    """In names that callers choose and in the expression; a text that only looks like one is read."""
    assert answer("client == 'x'", asking(client="x\0y")) is None
    assert answer("tool == 'x'", asking("x\0y")) is None
    assert answer("'x' in groups", asking(groups=("x\0y",))) is None
    assert answer("args.q == r'C:\\u0000'", asking(args={"q": "C:\\u0000"})) is True
    with pytest.raises(ConditionError, match="zero"):
        Condition.compile("client == 'x\0'", ENGINE)


def test_a_loop_over_many_items_is_no_answer() -> None:
    """A caller cannot hold a worker with a long list; conditions without a loop, and other members, may be as long as they are."""
    many, few = ["a@b"] * (ITEMS_MAX + 1), ["a,b"] * (ITEMS_MAX - 1)
    loop = "args.to.all(one, one.contains('b'))"
    assert answer(loop, asking(args={"to": many})) is None
    assert answer(loop, asking(args={"to": few, "other": many})) is True
    assert answer("args.exists(key, key == 'x')", asking(args={"to": few, "other": few})) is None
    assert answer("size(args.to) > 2000", asking(args={"to": many})) is True
