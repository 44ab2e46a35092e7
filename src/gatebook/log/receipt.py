"""What `Book.append` hands out."""

from gatebook.log.writer import Writer


class Receipt:
    """The promise that a record will be durable. `id` and `seq` are those of the record."""

    __slots__ = ("_writer", "id", "seq")

    def __init__(self, id: str, seq: int, writer: Writer) -> None:
        self.id = id
        self.seq = seq
        self._writer = writer

    @property
    def is_durable(self) -> bool:
        """True once the record is on disk."""
        return self._writer.durable_seq >= self.seq

    async def durable(self) -> None:
        """Return when the record is on disk. Raises LogUnavailable when it will not be."""
        writer = self._writer
        if writer.durable_seq < self.seq:
            writer.commit_if_alone()
            if writer.durable_seq < self.seq:
                await writer.waiter(self.seq)

    def wait(self, timeout_s: float | None = None) -> None:
        """The same for plain code, blocking. Raises LogUnavailable, TimeoutError."""
        self._writer.wait(self.seq, timeout_s)
