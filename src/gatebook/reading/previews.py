"""What somebody else would see: a role or a person, as far as the administrator who looks sees it anyway."""

from typing import Final

from gatebook.identity.access import Accesses
from gatebook.reading.viewer import Viewer

ROLE: Final = "role:"
PERSON: Final = "person:"


def viewing_as(viewer: Viewer, accesses: Accesses, wanted: str) -> Viewer:
    """The viewer with what `role:<name>` or `person:<id>` would show them; as they are where there is no such role or person."""
    if wanted.startswith(ROLE):
        other = accesses.of_role(wanted.removeprefix(ROLE), viewer.principal)
    elif wanted.startswith(PERSON):
        other = accesses.of_id(wanted.removeprefix(PERSON))
    else:
        other = None
    if other is None:
        return viewer
    return Viewer(principal=viewer.principal, source=viewer.source, given=viewer.access.preview(other), viewing_as=wanted)
