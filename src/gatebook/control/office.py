"""Runs an operation: through the keeper when one runs, else in this process with the keeper's stream taken for that long."""

import asyncio
import json
import time
from typing import Any

from gatebook.control.barrier import node_barrier
from gatebook.control.caller import account_name, local_caller
from gatebook.control.client import KeeperAbsent, KeeperClient
from gatebook.control.desk import Desk
from gatebook.control.key_files import read_credential_keys, read_master_key
from gatebook.control.operations import perform
from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.errors import StreamBusy
from gatebook.log.vault import Vault
from gatebook.settings import Settings
from gatebook.state.opening import open_state

_STARTING_S = 10.0
_AGAIN_S = 0.2


class KeeperSilent(Exception):
    """A keeper holds its stream but does not answer on its socket."""


def keeper_client(settings: Settings) -> KeeperClient:
    """A client of the keeper on this machine, acting as the account that runs this command."""
    return KeeperClient(settings.keeper_socket, account_name())


def run(settings: Settings, operation: str, params: dict[str, Any]) -> Any:
    """Run one of `operations.OPERATIONS`; returns its JSON.

    A keeper that is only just starting is waited for. Raises KeeperRefused, KeeperSilent, and when no keeper runs whatever the desk raises
    (StateError, LogError).
    """
    ends_s = time.monotonic() + _STARTING_S
    while True:
        try:
            return keeper_client(settings).post(f"/control/{operation}", params)
        except KeeperAbsent:
            try:
                return json.loads(asyncio.run(_alone(settings, operation, json.dumps(params).encode())))
            except KeeperSilent:
                if time.monotonic() >= ends_s:
                    raise
                time.sleep(_AGAIN_S)


async def _alone(settings: Settings, operation: str, params: bytes) -> bytes:
    store = open_state(settings, create=False)
    try:
        vault = Vault(settings.keys_dir, read_master_key(settings))
        try:
            book = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
        except StreamBusy as error:
            raise KeeperSilent(f"a keeper runs (process {error.pid}) but does not answer on {settings.keeper_socket}; try again") from error
        try:
            journal = Journal(store, book, vault.subject)
            desk = Desk(journal, settings.console_url, Cutting(journal, node_barrier(settings, store)))
            desk.ring = read_credential_keys(settings)
            return await perform(desk, operation, params, local_caller(None, vault.subject))
        finally:
            book.close()
    finally:
        store.close()
