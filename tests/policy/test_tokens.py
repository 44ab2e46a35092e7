"""What an expression reads."""

import pytest

from gatebook.policy.tokens import depth, literal_patterns, loop_depth, loop_names, reads, tokens


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("args.limit > 10", {"limit"}),
        ("args.?limit.orValue(0) > args.max.value", {"limit", "max"}),
        ("args['a b'] == 1 && args[?\"c\"].hasValue()", {"a b", "c"}),
        ("has(args.x)", {"x"}),
        ("args . x == 1 // and args.y", {"x"}),
        ("email == 'args.x' && args.z", {"z"}),
        ("args.to.exists(r, domain(r) != 'corp.example')", {"to"}),
        ("groups.exists(g, g == args.team)", {"team"}),
        ("0xE-args.x > 1e-3", {"x"}),
        ("r'\\' == args.x && r'\\' == args.y", {"x", "y"}),
        ("'''it's''' == args.x", {"x"}),
        ("email.args == 1", set()),
        ("hour > 3", set()),
    ],
)
def test_the_arguments_that_are_read_by_name(source: str, keys: set[str]) -> None:
    """A member by dot or by text; not in texts, comments, or as a member of something else."""
    assert reads(source).keys == keys


@pytest.mark.parametrize(
    "source",
    [
        "args == {}", "size(args) > 1", "'x' in args", "args.exists(k, k == 'x')", "args[email] == 1", "args['a' + 'b'] == 1",
        "args['\\x61'] == 1", "args[r'x'] == 1", "args['''x'''] == 1", ".args.x == 1", "args.`x-y` == 1", "`args`.x == 1 || args['x", "[args][0].x == 1",
        "args.x() == 1", "args.size() == 1", "args{}", "args", "args ? 1 : 2",
    ],
)  # fmt: skip
def test_any_other_use_reads_all_arguments(source: str) -> None:
    """Where the reading is not certain, everything is given."""
    assert reads(source).keys is None


def test_the_names_that_are_read() -> None:
    """Names of members, texts and comments are not among them; of a source that is not understood, all may be."""
    assert reads("hour > 3 && email.person == 'client' // tool").names == {"hour", "email"}
    assert reads("hour > 'open").names is None
    assert reads(".hour > 3").names == {"hour"}


def test_how_deep_brackets_are_nested() -> None:
    """Brackets in texts do not count, unless the text is never closed."""
    assert depth("f([{'a': ')))'}])") == 3
    assert depth("'(((") == 3
    assert depth("a") == 0


def test_loops_and_the_names_they_bind() -> None:
    """Loops are counted by nesting, not by number; a member that is called like a loop is none."""
    inner = tokens("args.a.all(x, args.b.exists(y, x == y)) && args.c.map(z, z).size() > args.all") or []
    assert loop_names(inner) == {"x", "y", "z"}
    assert loop_depth(inner) == 2
    assert loop_depth(tokens("args.a.all(x, (x > 1)) && args.b.all(x, x > 1)") or []) == 1


def test_patterns_that_stand_in_the_source_are_found() -> None:
    """Only a text that is the whole argument; a computed pattern is not known."""
    found = literal_patterns(tokens("args.q.matches('a+') || args.q.matches('b' + args.c) || matches == 'c'") or [])
    assert [(token.text, token.at) for token in found] == [("'a+'", 15)]
