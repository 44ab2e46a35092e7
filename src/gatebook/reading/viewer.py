"""Who reads the book, and which calls they may see."""

from msgspec import Struct

from gatebook.identity.approvers import ADMINS, is_administrator
from gatebook.identity.directory import Principal
from gatebook.query import Query
from gatebook.query.tree import And, Compare
from gatebook.record.parts import Actor, Source

READER_GROUPS = frozenset({ADMINS, "auditors", "security"})
"""Who is in one of these reads all calls; everybody else reads their own."""


class Viewer(Struct, frozen=True, kw_only=True):
    """A reader. `source` is where the request came from; absent for the command line on the host."""

    principal: Principal
    source: Source | None = None

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
    def reads_all(self) -> bool:
        """Whether the reader sees calls of other people too. The permission of the socket's file is that of an administrator."""
        return self.principal.auth == "socket" or not READER_GROUPS.isdisjoint(self.principal.groups)

    @property
    def administers(self) -> bool:
        """Whether the reader may also decide: a member of `admins`, or the local administrator."""
        return is_administrator(self.principal)

    def scoped(self, query: Query) -> Query:
        """The query with what the reader may see forced into it, so that rows, counts and facets cannot tell of anything else."""
        if self.reads_all:
            return query
        return Query(query.text, And((Compare("subject", "eq", self.subject), query.tree)))

    def may_see(self, subject: str) -> bool:
        """Whether a call or record of this subject is within the reader's scope."""
        return self.reads_all or subject == self.subject
