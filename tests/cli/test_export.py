"""`gatebook export`: through a running keeper."""

import csv
import hashlib
import json
import time
from pathlib import Path

import pytest

from gatebook.cli import book_access, download
from gatebook.control.client import KeeperAbsent
from tests.cli.conftest import Run
from tests.cli.recorded import keeper, record, settings_of


def test_an_export_needs_a_keeper(data: Path, gatebook: Run) -> None:
    """The sentence says what to do; nothing is written."""
    record(data)
    code, out, err = gatebook("export", "-o", "x.csv")
    assert code == 1 and not out and "gatebook up" in err and not Path("x.csv").exists()


def test_a_mistake_in_the_query_is_shown(gatebook: Run) -> None:
    """Before anything is begun."""
    code, _, err = gatebook("export", "nofield:x")
    assert code == 2 and "^" in err


def test_exports_from_begin_to_file(data: Path, gatebook: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimate, file, list, detach and fetch, standard output, a download that breaks off, and deleting."""
    record(data)
    target, run = tmp_path / "calls.csv", gatebook
    with keeper(data) as settings:
        ends_s = time.monotonic() + 60
        while run("search", "--count")[1] != "3\n":
            assert time.monotonic() < ends_s, "the calls are not indexed"
            time.sleep(0.2)
        assert run("export", "--dry-run")[1].startswith("3 calls, about ")
        code, _, err = run("export", "status:ok", "-o", str(target))
        assert code == 0 and "2 calls" in err
        assert hashlib.sha256(target.read_bytes()).hexdigest() in err
        with open(target, encoding="utf-8-sig", newline="") as file:
            assert [row["tool"] for row in csv.DictReader(file)] == ["list_deals", "find_customer"]
        assert run("export", "-o", str(target))[0] == 2  # it is there already

        code, id, _ = run("export", "--form", "ndjson", "--payloads", "--detach")
        id = id.strip()
        _interrupted_download(settings, id, tmp_path, monkeypatch, run)
        code, out, _ = run("export", "--fetch", id, "-o", "-")
        assert len(out.splitlines()) == 3 and json.loads(out.splitlines()[2])["arguments"]["arguments"] == {"q": "haystack"}

        assert [item["form"] for item in json.loads(run("export", "--list", "--json")[1])] == ["ndjson", "csv"]
        assert "ndjson +payloads" in run("export", "--list")[1]
        assert run("export", "--delete", id)[0] == 0
        code, _, err = run("export", "--fetch", id)
        assert code == 1 and "no export" in err


def _interrupted_download(settings: object, id: str, folder: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """The connection breaks twice; what is fetched in the end is the same file, and no half of it has its name meanwhile."""
    target = folder / "calls.ndjson"
    whole, starts = book_access.pieces, []

    def breaking(settings: object, path: str, start: int, tag: str) -> object:
        starts.append(start)
        assert not target.exists()
        pieces = b"".join(whole(settings, path, start, tag))  # type: ignore[arg-type]
        if start:
            yield b""
        yield pieces[:200]
        if len(starts) < 3:
            raise KeeperAbsent("the download broke off")
        yield pieces[200:]

    with monkeypatch.context() as patch:
        patch.setattr(book_access, "pieces", breaking)
        patch.setattr(download, "_PAUSE_S", 0.0)
        code, _, err = run("export", "--fetch", id, "-o", str(target))
    assert (code, starts) == (0, [0, 200, 400])
    assert hashlib.sha256(target.read_bytes()).hexdigest() in err and len(target.read_bytes().splitlines()) == 3
    assert sorted(path.name for path in folder.iterdir() if path.name.endswith("part")) == []


def test_what_came_is_checked(data: Path, tmp_path: Path, gatebook: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose hash differs is not kept."""
    export = {"id": "0" * 16, "sha256": "0" * 64, "bytes": 3, "file": "../../etc/x.csv"}
    monkeypatch.setattr(book_access, "pieces", lambda *_: iter([b"abc"]))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception, match="SHA-256 differs"):
        download.Download(settings_of(data), export, None, force=False).run()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
