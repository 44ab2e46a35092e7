"""Records that are no calls, and how the keeper stands."""

from gatebook.api import params
from gatebook.api.answers import RecordsAnswer, StatusAnswer, record_answer, status_answer
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.reading.records import KINDS, RecordQuestion, find, note_reading


class Records:
    """Operations of `/v1/records` and `/v1/status`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        kind = params.choice("kind", "Only records of this kind.", KINDS)
        return (
            Operation(
                name="searchRecords",
                method="GET",
                path="/v1/records",
                group="records",
                handle=self.search,
                summary="Records that are no calls, newest first: sign-ins, changes, readings, processes, the log itself.",
                parameters=(kind, params.SINCE, params.UNTIL, params.LIMIT, params.BEFORE),
                answer=RecordsAnswer,
            ),
            Operation(
                name="showStatus",
                method="GET",
                path="/v1/status",
                group="keeper",
                handle=self.status,
                summary="How far sealing and indexing are.",
                description="Numbers that tell how much there is in the log are 0 for who does not see calls of everybody.",
                answer=StatusAnswer,
            ),
        )

    async def search(self, ask: Ask) -> RecordsAnswer:
        """One page of records."""
        room, values = self._deps.room, ask.values
        question = RecordQuestion(
            kind=values["kind"], since_us=values["since"], until_us=values["until"], before=values["before"], limit=values["limit"]
        )
        page = await room.ask(lambda: find(room.index, ask.viewer, question))
        await note_reading(room, ask.viewer, question, len(page.rows))
        return RecordsAnswer(records=[record_answer(row) for row in page.rows], next_cursor=page.next)

    async def status(self, ask: Ask) -> StatusAnswer:
        """How it stands."""
        return status_answer(self._deps.health(), ask.viewer.access)
