"""Who sees what."""

import pytest

from gatebook.identity.directory import Principal
from gatebook.index.rows import FullRow
from gatebook.query import matches, parse
from gatebook.reading.viewer import Viewer


def viewer(*groups: str, auth: str = "token") -> Viewer:
    """Somebody in these groups."""
    principal = Principal(person="ann", subject="aaa", email="", name="", groups=groups, kind="person", auth=auth, identity=b"{}")  # type: ignore[arg-type]
    return Viewer(principal=principal)


@pytest.mark.parametrize(
    ("who", "all_"),
    [(viewer("admins"), True), (viewer("sales", "auditors"), True), (viewer("security"), True), (viewer(auth="socket"), True), (viewer(), False), (viewer("Admins"), True), (viewer("sales"), False)],
)  # fmt: skip
def test_only_readers_see_other_people(who: Viewer, all_: bool) -> None:
    """Membership in a reader's group, or the socket of the host, opens all calls; nothing else does."""
    assert who.reads_all is all_ and who.may_see("bbb") is all_ and who.may_see("aaa")


@pytest.mark.parametrize(
    "text", ["", "status:ok", "subject:bbb", "subject:bbb OR status:ok", "NOT subject:aaa", "-(subject:aaa)", "a OR b OR subject:bbb"]
)
def test_the_scope_cannot_be_queried_away(text: str) -> None:
    """No query reaches a row of somebody else."""
    foreign = FullRow(call_id="x", time=1, subject="bbb", status="ok", arguments="a b")
    assert not matches(viewer().scoped(parse(text)), foreign)
    own = FullRow(call_id="x", time=1, subject="aaa", status="ok", arguments="a b")
    assert matches(viewer().scoped(parse(text)), own) is matches(parse(text), own)
