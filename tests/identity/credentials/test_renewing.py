"""Renewal: of all processes one renews, and what was rotated is stored before it is used, whoever dies."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from gatebook.gateway.upstream.fetching import fetch
from gatebook.identity.credentials.renewing import NotRenewed, Renewing
from gatebook.identity.credentials.safe import Kept
from gatebook.state.credentials import Row
from tests.fixtures.renewer import run
from tests.identity.credentials.conftest import ANN, Keeper, Notes, connector

pytestmark = pytest.mark.usefixtures("notes")


async def _note(row: Row, action: str, detail: str) -> None:
    return None


def _kept(keeper: Keeper) -> Kept:
    found = keeper.safe.find("notes", ANN)
    assert found is not None
    return found


async def test_a_hundred_calls_renew_once(keeper: Keeper, notes: Notes) -> None:
    """All get the same new token."""
    await keeper.connect(connector(notes.url))
    renewing, kept = Renewing(keeper.safe, fetch, run, _note), _kept(keeper)
    await notes.control(slow_s=0.2)
    found = await asyncio.gather(*(renewing.renew(kept) for _ in range(100)))
    seen = await notes.control()
    assert (seen["refreshed"], seen["reused"]) == (1, 0)
    assert {one.grant.access for one in found} == {_kept(keeper).grant.access} and found[0].grant.access != kept.grant.access


async def _process(path: Path, state_url: str, times: int) -> asyncio.subprocess.Process:
    words = ("-m", "tests.fixtures.renewer", str(path), ANN, str(times))
    environ = {**os.environ, "STATE_URL": state_url}
    return await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE, env=environ)


async def test_two_processes_renew_once_each_time(keeper: Keeper, notes: Notes, tmp_path: Path, state_url: str) -> None:
    """Both at once, twenty times in a row: no refresh token is brought twice, and both go on with the same one."""
    await keeper.connect(connector(notes.url))
    workers = [await _process(tmp_path, state_url, 20) for _ in range(2)]
    said = [(await worker.communicate())[0].decode().split() for worker in workers]
    seen = await notes.control()
    assert seen["reused"] == 0 and seen["live"] == 1
    assert 20 <= seen["refreshed"] <= 40 and all(len(lines) == 20 for lines in said)
    assert _kept(keeper).row.version == 1 + seen["refreshed"]
    assert _kept(keeper).grant.refresh in seen["secrets"]


async def test_a_process_that_is_killed_after_it_stored_loses_nothing(keeper: Keeper, notes: Notes, tmp_path: Path, state_url: str) -> None:
    """kill -9 between storing and use: the next one goes on with what was rotated, at once."""
    await keeper.connect(connector(notes.url))
    for _ in range(5):
        worker = await _process(tmp_path, state_url, 1)
        assert worker.stdout is not None
        await worker.stdout.readline()  # it says so once it is stored, and before it would be used
        os.kill(worker.pid, signal.SIGKILL)
        await worker.wait()
    renewing = Renewing(keeper.safe, fetch, run, _note)
    await renewing.renew(_kept(keeper))
    seen = await notes.control()
    assert (seen["refreshed"], seen["reused"], seen["live"]) == (6, 0, 1)


async def test_a_caller_who_goes_away_does_not_end_the_renewal(keeper: Keeper, notes: Notes) -> None:
    """The server has rotated already: what it gives is stored all the same."""
    await keeper.connect(connector(notes.url))
    await notes.control(slow_s=0.5)
    renewing, before = Renewing(keeper.safe, fetch, run, _note), _kept(keeper)
    call = asyncio.create_task(renewing.renew(before))
    await asyncio.sleep(0.2)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await renewing.close()
    assert _kept(keeper).row.version == before.row.version + 1
    await notes.control(slow_s=0)
    await renewing.renew(_kept(keeper))
    assert (await notes.control())["reused"] == 0


async def test_a_refusal_ends_the_connection(keeper: Keeper, notes: Notes) -> None:
    """The person has to connect anew; nobody asks again."""
    await keeper.connect(connector(notes.url))
    await notes.control(refuse=True)
    told: list[tuple[str, str]] = []

    async def note(row: Row, action: str, detail: str) -> None:
        told.append((action, detail))

    with pytest.raises(NotRenewed) as caught:
        await Renewing(keeper.safe, fetch, run, note).renew(_kept(keeper))
    assert caught.value.lost and told == [("needs_reconnect", "invalid_grant")]
    assert _kept(keeper).row.status == "needs_reconnect"


async def test_a_server_that_is_down_ends_nothing(keeper: Keeper, notes: Notes) -> None:
    """The claim is given up at once, and the next try succeeds."""
    await keeper.connect(connector(notes.url))
    await notes.control(down=True)
    renewing = Renewing(keeper.safe, fetch, run, _note)
    with pytest.raises(NotRenewed, match="HTTP 503") as caught:
        await renewing.renew(_kept(keeper))
    assert not caught.value.lost and _kept(keeper).row.status == "connected"
    await notes.control(down=False)
    assert (await renewing.renew(_kept(keeper))).row.version == 2


async def test_who_was_cut_off_while_it_was_renewed_keeps_nothing(keeper: Keeper, notes: Notes) -> None:
    """What the server gave meanwhile is given back; the row stays withdrawn."""
    await keeper.connect(connector(notes.url))
    await notes.control(slow_s=0.6)
    renewal = asyncio.create_task(Renewing(keeper.safe, fetch, run, _note).renew(_kept(keeper)))
    await asyncio.sleep(0.2)
    await keeper.revoking.revoke_all(ANN)
    with pytest.raises(NotRenewed):
        await renewal
    assert keeper.safe.find("notes", ANN) is None and (await notes.control())["live"] == 0


async def test_a_claim_of_the_dead_ends(keeper: Keeper, notes: Notes) -> None:
    """Nobody waits for a process that will not come back."""
    await keeper.connect(connector(notes.url))
    kept = _kept(keeper)
    assert keeper.safe.claim(kept.row, 1_000, 5_000_000) and not keeper.safe.claim(kept.row, 4_000_000, 5_000_000)
    assert keeper.safe.claim(kept.row, 6_000_000, 1)
    assert not keeper.safe.claim(replace(kept.row, version=9), 60_000_000, 1)
    assert (await Renewing(keeper.safe, fetch, run, _note).renew(kept)).row.version == 2
