"""Changes that wait for a second person, as people read them."""

from sqlalchemy import Connection

from gatebook.reading.rule_facts import EditedChange, Proposal
from gatebook.reading.viewer import Viewer
from gatebook.state.changes import Change
from gatebook.state.editing import moved
from gatebook.state.proposals import Proposed


def facts(connection: Connection, one: Proposed, viewer: Viewer) -> Proposal:
    """One proposal for one viewer, against what is stored now."""
    own = viewer.principal.person == one.author or viewer.subject == one.actor.subject
    outdated = one.state == "open" and bool(moved(connection, one.bases))
    may_decide = one.state == "open" and not own and viewer.administers
    return Proposal(
        id=one.id,
        state=one.state,
        author=one.author,
        reason=one.reason,
        asked_us=one.asked_us,
        changes=tuple(map(edited, one.changes)),
        decided_by=one.decided_by,
        decided_us=one.decided_us,
        decision_reason=one.decision_reason,
        own=own,
        may_decide=may_decide,
        outdated=outdated,
        text=one.text,
    )


def edited(change: Change) -> EditedChange:
    """A planned change, without what is only for storing it."""
    return EditedChange(kind=change.kind, name=change.name, action=change.action, version=change.version, diff=change.diff)
