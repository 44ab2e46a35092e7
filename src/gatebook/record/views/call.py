"""What a view is made of: the records of one call, and of their payloads what the receiver may have."""

from msgspec import Struct

from gatebook.record.base import Header
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted
from gatebook.record.parts import Outcome, Timing


class Opening(Struct, frozen=True, kw_only=True):
    """The record that opens a call; `leaf` is its leaf hash, hex."""

    header: Header
    body: CallStarted | CallRefused
    leaf: str


class Ending(Struct, frozen=True, kw_only=True):
    """The record of the outcome of a call that was started; `leaf` is its leaf hash, hex."""

    header: Header
    body: CallFinished | CallOutcomeUnknown
    leaf: str


class Identity(Struct, frozen=True, kw_only=True):
    """Who called, by name; empty where that was erased or nobody was identified."""

    person: str = ""
    email: str = ""
    name: str = ""
    groups: tuple[str, ...] = ()


class Origin(Struct, frozen=True, kw_only=True):
    """Which installation tells: the name of its deployment, and the version of Gatebook."""

    deployment: str
    version: str


class Call(Struct, frozen=True, kw_only=True):
    """A call for a view. `ending` is absent while it is open, and when it was refused. `sentence` says it in words.

    `arguments` and `response` are the payloads as they were sent, absent where they are not to be handed out or are lost; `lost` then says
    why, by the name of the part.
    """

    opening: Opening
    ending: Ending | None = None
    identity: Identity = Identity()
    sentence: str = ""
    arguments: bytes | None = None
    response: bytes | None = None
    lost: dict[str, str] = {}

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; absent while it is open."""
        if isinstance(self.opening.body, CallRefused):
            return self.opening.body.outcome
        if self.ending is None:
            return None
        if isinstance(self.ending.body, CallOutcomeUnknown):
            return Outcome(status="unknown", transport="broken", detail=self.ending.body.reason)
        return self.ending.body.outcome

    @property
    def timing(self) -> Timing | None:
        """Where the time went; absent where that is not known."""
        if isinstance(self.opening.body, CallRefused):
            return self.opening.body.timing
        return self.ending.body.timing if self.ending and isinstance(self.ending.body, CallFinished) else None
