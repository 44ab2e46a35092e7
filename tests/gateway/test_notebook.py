"""What a worker writes to state itself."""

import asyncio
import time
from pathlib import Path

from gatebook.gateway.notebook import Notebook
from gatebook.state.approvals import Approval, put_approval
from gatebook.state.store import Store


def approval(**changes: object) -> Approval:
    """Make an approval that is good for a minute."""
    now_us = time.time_ns() // 1000
    known: dict[str, object] = {"call": "c", "person": "ann", "connector": "x", "tool": "t", "arguments_sha256": "0", "rules": ("r",)}
    known |= {"decision": "approved", "single_use": True, "until_us": now_us + 60_000_000, "decided_by": "bob", "decided_us": now_us}
    return Approval(**known | changes)  # type: ignore[arg-type]


async def test_of_two_workers_one_uses_an_approval(tmp_path: Path) -> None:
    """Two processes would each have a store of their own on the same file, as here."""
    stores = [Store.open(tmp_path / "state.db") for _ in range(2)]
    with stores[0].write() as connection:
        put_approval(connection, approval())
        put_approval(connection, approval(call="over", until_us=1))
    books = [Notebook(store) for store in stores]
    used = await asyncio.gather(*(book.use("c") for book in books for _ in range(5)))
    assert sorted(used) == [False] * 9 + [True]
    assert not await books[0].use("over") and not await books[0].use("unknown")
    for book, store in zip(books, stores, strict=True):
        book.close()
        store.close()


async def test_state_that_cannot_be_written_uses_nothing(tmp_path: Path) -> None:
    """Then the call waits; it does not go through."""
    store = Store.open(tmp_path / "state.db")
    with store.write() as connection:
        put_approval(connection, approval())
    book = Notebook(store)
    with store.write() as connection:
        connection.exec_driver_sql("DROP TABLE approvals")
    assert not await book.use("c")
    book.close()
    store.close()
