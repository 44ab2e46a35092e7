"""Who reads the book, and what of which calls they may see."""

from msgspec import Struct

from gatebook.identity.access import Access, built_in_access
from gatebook.identity.approvers import is_administrator
from gatebook.identity.directory import Principal
from gatebook.query import Query
from gatebook.record.parts import Actor, Source


class Viewer(Struct, frozen=True, kw_only=True):
    """A reader. `source` is where the request came from; absent for the command line on the host.

    `given` is what their roles show; without it, what the roles that are built in show to their groups. `viewing_as` names the role or person whose
    view an administrator looks at; empty in their own.
    """

    principal: Principal
    source: Source | None = None
    given: Access | None = None
    viewing_as: str = ""

    @property
    def actor(self) -> Actor:
        """As records name the reader."""
        return self.principal.actor

    @property
    def subject(self) -> str:
        """The reader's pseudonym."""
        return self.principal.subject

    @property
    def name(self) -> str:
        """The reader's name as it is shown."""
        return self.principal.name or self.principal.person

    @property
    def email(self) -> str:
        """The reader's address; may be empty."""
        return self.principal.email

    @property
    def access(self) -> Access:
        """What the reader's roles show."""
        return self.given if self.given is not None else built_in_access(self.principal)

    @property
    def reads_all(self) -> bool:
        """Whether the reader sees the metadata of everybody's calls, and with it how the gateway is set up."""
        return self.access.scope("metadata") == "all"

    @property
    def administers(self) -> bool:
        """Whether the reader may also decide: a member of `admins`, or the local administrator."""
        return is_administrator(self.principal)

    def scoped(self, query: Query) -> Query:
        """The query with what the reader may see forced into it, so that rows, counts and facets cannot tell of anything else. Raises HiddenField."""
        return self.access.confined(query)

    def may_see(self, subject: str) -> bool:
        """Whether a call of this subject is within the reader's reach."""
        return self.access.lists(subject)
