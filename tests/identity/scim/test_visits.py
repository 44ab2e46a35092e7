"""The list of requests: the newest, not without end, and there when somebody looks."""

from gatebook.identity.journal import Journal
from gatebook.identity.scim.directory_tokens import read_directory_tokens
from gatebook.identity.scim.visits import KEPT, Visit, Visits, read_visits
from gatebook.state.store import Store
from tests.identity.scim.conftest import Provisioner


def visit(number: int, status: int = 200) -> Visit:
    """A request."""
    return Visit(id=f"req_{number:06}", at_us=number, token="scim_1", method="GET", path="/Users", status=status, duration_us=1, detail="")


async def test_the_newest_are_kept(journal: Journal, store: Store) -> None:
    """Beyond so many the oldest go."""
    visits = Visits(journal)
    for start in range(0, KEPT + 400, 400):
        for number in range(start, start + 400):
            visits.add(visit(number, 500 if number % 100 == 0 else 200))
        await visits.flush()
    await visits.stop()
    with store.read() as connection:
        found = read_visits(connection, failures=False, limit=KEPT * 2)
        failed = read_visits(connection, failures=True, limit=3)
    assert len(found) == KEPT and found[0].at_us > found[-1].at_us
    assert {one.status for one in failed} == {500} and len(failed) == 3


def test_a_token_tells_when_it_was_used(directory: Provisioner, store: Store) -> None:
    """The use of a token is written with the list, when the process ends at the latest."""
    directory.user("ana")
    directory.flush()
    with store.read() as connection:
        [token] = read_directory_tokens(connection)
        [request] = read_visits(connection, failures=False, limit=5)
    assert token.last_used_us == request.at_us
    assert (request.method, request.path, request.status, request.token) == ("POST", "/Users", 201, "scim_1")
