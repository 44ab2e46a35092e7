"""What somebody may decide, in which form, and who writes it down: the desk of `gatebook.control` does, behind the protocol here."""

import re
from typing import Annotated, Final, Literal, Protocol

from msgspec import Meta, Struct

from gatebook.identity.directory import Principal
from gatebook.reading.asked import AskedCall
from gatebook.reading.saved import VISIBLE_PATTERN
from gatebook.state.approvals import AccessRequest, Approval
from gatebook.state.store import StateError

REASON_CHARACTERS_MAX: Final = 500
ONCE_HOURS: Final = 24
GRANT_HOURS: Final = 8
HOURS_MAX: Final = 8760
DAYS_BACK: Final = 7
_BLANK = re.compile(r"\s+")
_VISIBLE = re.compile(VISIBLE_PATTERN)
Refusal = Literal["missing", "rights", "state"]
REASON = Annotated[str, Meta(max_length=REASON_CHARACTERS_MAX, pattern=VISIBLE_PATTERN, description="Why; it stands in the record.")]
HOURS = Annotated[int, Meta(ge=1, le=HOURS_MAX, description="For how long, in hours; at most what the document of kind Governance allows.")]


class DecisionRefused(StateError):
    """A decision that cannot be made; the text is a sentence for people. `kind`: there is nothing like that, not by this person, or not now."""

    def __init__(self, kind: Refusal, text: str) -> None:
        super().__init__(text)
        self.kind: Refusal = kind


class ApproveOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An approval of a call that waits."""

    single_use: Annotated[bool, Meta(description="Good for one call; else for all equal ones until it is over.")] = True
    hours: HOURS = ONCE_HOURS
    reason: REASON = ""


class GrantOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Access for a time."""

    hours: HOURS = GRANT_HOURS
    reason: REASON = ""


class ReasonOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision that needs no more than a reason."""

    reason: REASON = ""


class Decider(Protocol):
    """Makes decisions, each on the record before it is in force. All raise DecisionRefused, StateError, LogUnavailable."""

    async def approve(self, call: AskedCall, order: ApproveOrder, caller: Principal) -> Approval:
        """Approve a call that waits."""

    async def decline(self, call: AskedCall, reason: str, caller: Principal) -> Approval:
        """Decline a call that waits."""

    async def ask_access(self, call: AskedCall, reason: str, caller: Principal) -> AccessRequest:
        """Ask for what a call was denied."""

    async def grant(self, id: str, order: GrantOrder, caller: Principal) -> AccessRequest:
        """Grant a request."""

    async def close(self, id: str, state: Literal["declined", "withdrawn", "revoked"], reason: str, caller: Principal) -> AccessRequest:
        """End a request, or what it was granted."""


def one_line(text: str) -> str:
    """A reason as it is kept: one line, nothing hidden in it, not too long."""
    shown = "".join(character for character in _BLANK.sub(" ", text) if _VISIBLE.fullmatch(character))
    return _BLANK.sub(" ", shown).strip()[:REASON_CHARACTERS_MAX].strip()
