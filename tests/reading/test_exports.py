"""Exports as jobs: at one snapshot, in scope, on the record first, within limits, and whole or not there."""

import asyncio
import csv
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatebook.index import Index
from gatebook.log.vault import Vault
from gatebook.query import QueryError
from gatebook.reading.exports import ExportRefused, Exports
from gatebook.reading.exports_forms import FORMS
from gatebook.reading.exports_run import ExportLimits
from gatebook.reading.exports_store import Export, ExportStore
from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from gatebook.record.views.call import Origin
from tests.console.stage import EMPLOYEE, MASTER_KEY, Stage
from tests.console.traffic import PEOPLE, Case
from tests.reading.conftest import viewer_of
from tests.structure.checkout import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")
Make = Callable[..., Exports]


@pytest.fixture
def make(stage: Stage, tmp_path: Path) -> Any:
    """Makes exports in a directory of the test's own."""
    made: list[Exports] = []

    def build(path: Path = tmp_path / "exports", **limits: Any) -> Exports:
        vault = lambda: Vault(stage.settings.keys_dir, MASTER_KEY)  # noqa: E731
        made.append(Exports(stage.room, path, vault, Origin(deployment="d", version="0"), ExportLimits(**limits)))
        return made[-1]

    yield build
    for exports in made:
        exports.stop()


async def ended(exports: Exports, viewer: Viewer, id: str) -> Export:
    """The export once it has ended."""
    async with asyncio.timeout(30):
        while (export := exports.get(viewer, id)) is not None and export.unfinished:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert export is not None
    return export


async def whole(exports: Exports, viewer: Viewer, text: str = "", form: Any = "ndjson", **more: Any) -> tuple[Export, bytes]:
    """A finished export and its bytes."""
    export = await ended(exports, viewer, (await exports.start(viewer, Question(text=text), form, **more)).id)
    assert export.state == "done", export.problem
    found = await exports.open(viewer, export.id)
    assert found is not None
    return export, found.path.read_bytes()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("payloads", [False, True])
async def test_every_form_holds_every_call(stage: Stage, admin: Viewer, make: Make, form: Any, payloads: bool) -> None:
    """As many as were counted; size and hash are those of the file, which only the owner of the process may read."""
    exports = make()
    export, data = await whole(exports, admin, form=form, payloads=payloads)
    total = stage.room.index.count("")
    assert export.rows == export.rows_total == total and len(data) == export.bytes
    assert export.sha256 == hashlib.sha256(data).hexdigest() and export.problem is None
    found = await exports.open(admin, export.id)
    assert found is not None and found.path.stat().st_mode & 0o077 == 0 and found.path.parent.stat().st_mode & 0o077 == 0
    if form in ("ndjson", "ocsf"):
        assert len({json.loads(line).get("call_id") or json.loads(line)["metadata"]["uid"] for line in data.splitlines()}) == total
    if form == "csv":
        assert len(list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))) == total + 1


async def test_payloads_come_from_the_log(stage: Stage, admin: Viewer, make: Make) -> None:
    """As they were sent, not folded as they are searched."""
    case = Case(tool="export_contacts", params={"name": "export_contacts", "arguments": {"Größe": "ÄÖ", "n": 2**63}}, result={"Rows": 3})
    id = stage.call(PEOPLE[0], case)
    await stage.settled()
    _, data = await whole(make(), admin, f"call:{id}", payloads=True)
    found = json.loads(data)
    assert found["arguments"]["arguments"] == {"Größe": "ÄÖ", "n": 2**63} and '"Rows"' in found["response"]["result"]["content"][0]["text"]


async def test_somebody_who_reads_their_own_exports_their_own(stage: Stage, make: Make) -> None:
    """Whatever the query says; and nobody else sees that there is an export."""
    exports, employee = make(), viewer_of(stage, EMPLOYEE)
    own = stage.vault.subject(EMPLOYEE)
    for text in ("", "person:jonas*", "status:ok OR person:jonas*"):
        export, data = await whole(exports, employee, text)
        assert {json.loads(line)["subject"] for line in data.splitlines()} <= {own}
        assert export.rows_total == len(data.splitlines())
    other = viewer_of(stage, "jonas@northwind.example")
    assert exports.list(other) == [] and exports.get(other, export.id) is None and not exports.delete(other, export.id)
    assert await exports.open(other, export.id) is None


async def test_who_lost_the_right_to_read_all_loses_the_file(stage: Stage, admin: Viewer, make: Make) -> None:
    """A file with calls of others is not handed out to somebody who may no longer read them."""
    exports = make()
    export, _ = await whole(exports, admin)
    fallen = Viewer(principal=msgspec.structs.replace(admin.principal, groups=()))
    with pytest.raises(ExportRefused, match="no longer"):
        await exports.open(fallen, export.id)


async def test_it_is_on_the_record_before_a_row_is_written(
    stage: Stage, admin: Viewer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With query, form and number of rows; a download is too. What cannot be recorded does not begin."""
    exports = make()
    export, _ = await whole(exports, admin, "status:ok", "csv", payloads=True)
    first, second = [read for read in await stage.reads() if read.get("export") == export.id]
    assert (first["action"], first["query"], first["form"], first["rows"], first["payloads"]) == (
        "export", "status:ok", "csv", export.rows_total, True,
    )  # fmt: skip
    assert second["action"] == "download" and second["actor"] == first["actor"]

    async def refuse(*_args: object) -> None:
        await asyncio.sleep(0)
        raise OSError("no record")

    monkeypatch.setattr(stage.room, "put", refuse)
    before = sorted(path.name for path in exports._store.path.iterdir())
    with pytest.raises(OSError, match="no record"):
        await exports.start(admin, Question(), "csv")
    assert sorted(path.name for path in exports._store.path.iterdir()) == before
    with pytest.raises(OSError, match="no record"):
        await exports.open(admin, export.id)


async def test_calls_that_come_later_are_not_in_it(stage: Stage, admin: Viewer, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is of the moment when it was asked for, though its pages are read afterwards."""
    exports = make()
    began, go = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    search = Index.search

    def slow(self: Index, *args: Any, **more: Any) -> Any:
        if threading.current_thread().name == "exports":
            loop.call_soon_threadsafe(began.set)
            assert go.wait(10)
        return search(self, *args, **more)

    monkeypatch.setattr(Index, "search", slow)
    export = await exports.start(admin, Question(), "ndjson")
    await asyncio.wait_for(began.wait(), 10)
    late = [stage.call(PEOPLE[number], Case()) for number in range(3)]
    await stage.settled()
    go.set()
    export = await ended(exports, admin, export.id)
    assert export.rows == export.rows_total
    found = await exports.open(admin, export.id)
    assert found is not None
    ids = {json.loads(line)["call_id"] for line in found.path.read_bytes().splitlines()}
    assert len(ids) == export.rows and not ids & set(late)


async def test_an_open_call_is_in_it(stage: Stage, admin: Viewer, make: Make) -> None:
    """As open, with its arguments, also as an event."""
    id = stage.call(PEOPLE[0], Case(), finish=False)
    await stage.settled()
    for form in ("ndjson", "ocsf"):
        _, data = await whole(make(), admin, f"call:{id}", form, payloads=True)
        found = json.loads(data)
        assert found.get("status") in ("open", "Unknown") and found.get("finished") is None


async def test_what_was_dropped_or_erased_is_said(stage: Stage, admin: Viewer, make: Make) -> None:
    """The row stays, the payload does not."""
    id = stage.call(PEOPLE[6], Case())
    await stage.settled()
    month = time.strftime("%Y%m", time.gmtime())
    stage.vault.erase(stage.vault.subject(PEOPLE[6].id), month)
    _, data = await whole(make(), admin, f"call:{id}", payloads=True)
    found = json.loads(data)
    assert (found["arguments"], found["arguments_missing"], found["response_missing"]) == (None, "erased", "erased")


async def test_an_estimate_is_near(admin: Viewer, make: Make) -> None:
    """As many rows, and about the size, for forms of lines."""
    exports = make()
    for form in ("csv", "ndjson", "ocsf"):
        guess = await exports.estimate(admin, Question(), form, payloads=True)  # type: ignore[arg-type]
        export, _ = await whole(exports, admin, form=form, payloads=True)
        assert guess.rows == export.rows and 0.5 < guess.bytes / export.bytes < 2 and guess.refusal is None


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"rows_max": 5}, "at most 5"),
        ({"unfinished_per_person_max": 0}, "unfinished"),
        ({"kept_per_person_max": 0}, "Delete one"),
        ({"waiting_max": 0}, "waiting"),
        ({"free_bytes_min": 1 << 60}, "room"),
    ],
)
async def test_limits_refuse_before_anything_is_recorded(admin: Viewer, make: Make, limits: dict[str, int], words: str) -> None:
    """In a sentence that says what to do; the estimate says it too."""
    exports = make(**limits)
    with pytest.raises(ExportRefused, match=words):
        await exports.start(admin, Question(), "csv")
    assert words in str((await exports.estimate(admin, Question(), "csv", payloads=False)).refusal)
    assert exports.list(admin) == []


async def test_a_file_that_grows_too_large_is_given_up(admin: Viewer, make: Make) -> None:
    """It says why; nothing is left of it."""
    exports = make(bytes_max=1000)
    export = await ended(exports, admin, (await exports.start(admin, Question(), "csv")).id)
    assert export.state == "failed" and "larger than 1,000 bytes" in str(export.problem)
    assert os.listdir(exports._store.folder(export.id)) == ["export.json"]


async def test_a_bad_query_is_refused(admin: Viewer, make: Make) -> None:
    """As everywhere."""
    with pytest.raises(QueryError):
        await make().start(admin, Question(text="conector:crm"), "csv")


async def test_it_can_be_cancelled_while_it_runs_and_while_it_waits(
    stage: Stage, admin: Viewer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left; the one that waits never runs."""
    exports = make()
    go = threading.Event()
    search = Index.search

    def slow(self: Index, *args: Any, **more: Any) -> Any:
        if threading.current_thread().name == "exports":
            go.wait(10)
        return search(self, *args, **more)

    monkeypatch.setattr(Index, "search", slow)
    running, waiting = [await exports.start(admin, Question(), "csv") for _ in range(2)]
    with pytest.raises(ExportRefused, match="unfinished"):
        await exports.start(admin, Question(), "csv")
    while exports.get(admin, running.id).state != "running":  # type: ignore[union-attr]  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    with pytest.raises(ExportRefused, match="no file"):
        await exports.open(admin, running.id)
    assert exports.delete(admin, waiting.id) and exports.delete(admin, running.id)
    go.set()
    for export in (running, waiting):
        assert (await ended(exports, admin, export.id)).state == "cancelled"
        assert os.listdir(exports._store.folder(export.id)) == ["export.json"]
        assert exports.delete(admin, export.id) and exports.get(admin, export.id) is None
        assert not exports._store.folder(export.id).exists()


async def test_files_are_deleted_after_a_day_and_forgotten_after_a_week(stage: Stage, admin: Viewer, make: Make) -> None:
    """By the clock of the room, whoever looks first."""
    exports = make(file_life_s=-1.0)
    export = await exports.start(admin, Question(), "csv")
    found = await ended(exports, admin, export.id)
    assert found.state == "expired" and os.listdir(exports._store.folder(export.id)) == ["export.json"]
    exports.limits = ExportLimits(memory_s=-1.0)
    assert exports.list(admin) == [] and not exports._store.folder(export.id).exists()


async def test_a_restart_keeps_files_and_says_what_it_interrupted(admin: Viewer, make: Make, tmp_path: Path) -> None:
    """A finished file is there for its owner; one that was being written says so, and what was written of it is gone."""
    exports = make()
    export, data = await whole(exports, admin)
    exports.stop()
    store = ExportStore(tmp_path / "exports")
    cut = msgspec.structs.replace(export, id="ab" * 8, state="running")
    store.save(cut)
    (store.folder(cut.id) / "part").write_bytes(b"half")
    (store.path / "stray").mkdir()
    again = make()
    assert {found.id: found.state for found in again.list(admin)} == {export.id: "done", cut.id: "interrupted"}
    assert os.listdir(store.folder(cut.id)) == ["export.json"] and not (store.path / "stray").exists()
    found = await again.open(admin, export.id)
    assert found is not None and found.path.read_bytes() == data


KILLED = """
    import asyncio, os, sys, threading, time
    from pathlib import Path
    from gatebook.control.caller import local_caller
    from gatebook.reading import exports_run
    from gatebook.reading.room import Question
    from gatebook.reading.viewer import Viewer
    from tests.console.stage import Stage

    async def main():
        stage = Stage(Path(sys.argv[1]))
        await stage.enroll()
        stage.crowd(400, 3_600_000_000)
        await stage.settled()
        exports_run.PAGE_ROWS = 50
        rest = exports_run.Runner._rest
        def slow(self, spent):
            time.sleep(0.2)
        exports_run.Runner._rest = slow
        viewer = Viewer(principal=local_caller("root", stage.vault.subject))
        export = await stage.exports.start(viewer, Question(), sys.argv[2])
        while not stage.exports.get(viewer, export.id).rows:
            await asyncio.sleep(0.01)
        print("writing", flush=True)
        await asyncio.sleep(60)
    asyncio.run(main())
"""


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_a_process_that_is_killed_leaves_no_half_file_under_its_name(tmp_path: Path, form: str) -> None:
    """Only what has another name, and that is swept at the next start."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), form, env=environ, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert line == b"writing\n"
    (folder,) = (tmp_path / "exports").iterdir()
    assert not [path for path in folder.iterdir() if path.name.startswith("gatebook-calls")]
    (export,) = ExportStore(tmp_path / "exports").load()
    assert export.state == "interrupted" and os.listdir(folder) == ["export.json"]
