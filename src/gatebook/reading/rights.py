"""What a viewer may read and decide, in the rooms that are not for everybody."""

from gatebook.identity.approvers import NOT_BY_TOKEN, in_person
from gatebook.reading.viewer import Viewer


class NotForYou(Exception):
    """The viewer may not look, or not decide. The text says who may."""


def check_reader(viewer: Viewer, text: str) -> None:
    """Let those pass who read the whole book. Raises NotForYou with the text."""
    if not viewer.reads_all:
        raise NotForYou(text)


def check_payloads(viewer: Viewer, what: str) -> None:
    """Let those pass who see everything of everybody: `what` looks into the payloads of all calls. Raises NotForYou."""
    if not viewer.access.is_whole:
        raise NotForYou(f"{what} look into the arguments and responses of all calls, which your roles do not show; security analysts may")


def check_administrator(viewer: Viewer, text: str) -> None:
    """Let administrators pass who are here in person. Raises NotForYou, with the text for whoever is no administrator."""
    if not in_person(viewer.principal):
        raise NotForYou(NOT_BY_TOKEN)
    if not viewer.administers:
        raise NotForYou(text)
