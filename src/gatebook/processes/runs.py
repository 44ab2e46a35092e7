"""The records that a process writes about itself."""

import logging
import os
import secrets
from typing import Literal

from gatebook import __version__
from gatebook.log.book import Book
from gatebook.log.errors import LogError
from gatebook.record.body import ProcessStarted, ProcessStopped

_logger = logging.getLogger(__name__)


class Run:
    """One run of a worker or keeper, from its first record to its last."""

    def __init__(self, role: Literal["worker", "keeper"], book: Book) -> None:
        self.boot = secrets.token_hex(8)
        self._role = role
        self._book = book

    async def started(self, bundle: str) -> None:
        """Record the start. Raises LogError: a process that cannot record its start does not begin to work."""
        body = ProcessStarted(role=self._role, pid=os.getpid(), boot=self.boot, version=__version__, config=bundle)
        await self._book.append(body).durable()

    async def stopped(self, reason: str) -> None:
        """Record the end. A log that cannot be written any more does not keep the process from ending."""
        try:
            await self._book.append(ProcessStopped(role=self._role, boot=self.boot, reason=reason)).durable()
        except LogError as error:
            _logger.error("the end of this process could not be recorded: %s", error)
