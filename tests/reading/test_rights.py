"""Who passes where not everybody does."""

from typing import Literal

import pytest

from gatebook.identity.directory import make_principal
from gatebook.reading.rights import NotForYou, check_administrator, check_reader
from gatebook.reading.viewer import Viewer
from gatebook.state.snapshot import Person


def viewer(auth: Literal["token", "profile", "session", "socket"], *groups: str) -> Viewer:
    """Somebody of these groups."""
    return Viewer(principal=make_principal(Person(id="ann", groups=groups), "s", auth))


def test_readers_pass_however_they_came() -> None:
    """Others are told for whom it is."""
    for one in (viewer("session", "auditors"), viewer("token", "security"), viewer("socket"), viewer("token", "admins")):
        check_reader(one, "for readers")
    for one in (viewer("session", "sales"), viewer("token")):
        with pytest.raises(NotForYou, match="^for readers$"):
            check_reader(one, "for readers")


def test_administrators_pass_in_person_only() -> None:
    """A program with their token is told so, whoever it is of; others are told for whom it is."""
    for one in (viewer("session", "admins"), viewer("socket")):
        check_administrator(one, "for admins")
    for one in (viewer("token", "admins"), viewer("token"), viewer("profile", "admins")):
        with pytest.raises(NotForYou, match="access token decides nothing"):
            check_administrator(one, "for admins")
    with pytest.raises(NotForYou, match="^for admins$"):
        check_administrator(viewer("session", "auditors"), "for admins")
