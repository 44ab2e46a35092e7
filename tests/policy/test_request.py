"""What is asked of policy."""

from hypothesis import given
from msgspec.structs import replace

from gatebook.policy.request import Hints, Request
from tests.policy import cast


def test_hints_that_are_missing_are_taken_as_the_protocol_says() -> None:
    """A tool that says nothing writes, destroys and reaches out; one that only reads destroys nothing and may be repeated."""
    assert Hints().taken() == (False, True, False, True)
    assert Hints(read_only=True).taken() == (True, False, True, True)
    assert Hints(read_only=True, destructive=True).taken() == (True, False, True, True)
    assert Hints(destructive=False, idempotent=True, open_world=False).taken() == (False, False, True, False)


@given(request=cast.requests)
def test_the_key_leaves_out_what_differs_from_call_to_call(request: Request) -> None:
    """Arguments, time, address and approvals are not in it; everything else is."""
    later = replace(request, arguments=b"other", time_us=1, source_ip="9.9.9.9", approvals=frozenset({"x"}))
    assert later.key == request.key
    for field, value in (
        ("tool", "x"),
        ("groups", ("x",)),
        ("client", "x"),
        ("kind", "service"),
        ("connect", True),
        ("hints", Hints(open_world=False)),
    ):
        if getattr(request, field) != value:
            assert replace(request, **{field: value}).key != request.key
