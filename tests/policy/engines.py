"""What every engine of conditions must do: tests of one engine run these."""

import pytest

from gatebook.policy.conditions import Condition, Facts
from gatebook.policy.engine import ConditionError, ConditionFailed, Engine
from tests.policy.cast import asking

# Source, arguments, answer; None: no answer.
ANSWERS = (
    ("args.limit > 10", {"limit": 11}, True),
    ("args.limit > 10", {"limit": 10.5}, True),
    ("args.limit > 10", {"limit": 2}, False),
    ("args.limit > 10", {}, None),
    ("args.limit > 10", {"limit": "11"}, None),
    ("args.limit > 10 || true", {}, True),
    ("args.limit > 10 && false", {}, False),
    ("has(args.limit)", {}, False),
    ("args.a == null", {"a": None, "b": 1.5}, True),
    ("args.to.exists(one, domain(one) != 'corp.example')", {"to": ["ana@corp.example", "eve@evil.example"]}, True),
    ("args.to.exists(one, domain(one) != 'corp.example')", {"to": ["ana@corp.example"]}, False),
    ("args.to.exists(one, domain(one) != 'corp.example')", {"to": ["nobody"]}, None),
    ("args.to.exists(one, domain(one) != 'corp.example')", {"to": "ana@corp.example"}, None),
    ("domain(email) == 'corp.example'", {}, True),
    ("in_cidr(source_ip, '10.0.0.0/8')", {}, True),
    ("in_cidr(args.ip, '10.0.0.0/8')", {"ip": "x"}, None),
    ("glob(args.path, '/srv/*')", {"path": "/srv/a"}, True),
    ("args.q.lowerAscii().contains('select')", {"q": "SELECT 1"}, True),
    ("args.q.matches('(?i)select')", {"q": "SELECT 1"}, True),
    ("args.q.matches('(?=a)')", {"q": "a"}, None),
    ("args.q.matches('(a+)+$')", {"q": "a" * 50_000 + "b"}, False),
    ("'sales' in groups && size(groups) == 1", {}, True),
    ("args.o.p[1].q == 'é'", {"o": {"p": [0, {"q": "é"}]}}, True),
    ("bool(args.limit)", {"limit": 1}, None),
)
MISTAKES = (("args.limit >", 1, 13), ("tool == 'a'\n&& foo == 1", 2, 4))


def check_answers(engine: Engine) -> None:
    """Hold an engine to each answer."""
    for source, args, expected in ANSWERS:
        condition = Condition.compile(source, engine)
        if expected is None:
            with pytest.raises(ConditionFailed):
                condition.eval(Facts(asking(args=args)))
        else:
            assert condition.eval(Facts(asking(args=args))) is expected, source


def check_mistakes(engine: Engine) -> None:
    """Hold an engine to the places of mistakes."""
    for source, line, column in MISTAKES:
        with pytest.raises(ConditionError) as caught:
            Condition.compile(source, engine)
        assert (caught.value.line, caught.value.column) == (line, column), source
