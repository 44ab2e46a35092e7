"""A whole deployment with its state in PostgreSQL: two workers, asked over fresh connections, while the server goes and comes back."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatebook.control.office import keeper_client, run
from tests.postgres import PASSWORD, Cluster
from tests.test_app import Deployment, start, stop, until

ASKED = 24
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def address(postgres: Cluster) -> Iterator[str]:
    """The address of a database without tables, which belongs to an account that may do nothing else."""
    name = postgres.create("OWNER app")
    yield postgres.url_with_password(name, user="app")
    postgres.drop(name)


def command(data: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run one verb as a process."""
    line = [sys.executable, "-m", "gatebook", *words, "--data", str(data)]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environ}
    return subprocess.run(line, env=variables, capture_output=True, text=True, timeout=60)


def status(up: Deployment) -> dict[str, Any]:
    """What the keeper says of itself."""
    return dict(keeper_client(up.settings).get("/status"))


def test_people_come_and_go_while_the_server_is_restarted(
    tmp_path: Path, postgres: Cluster, address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A token works on both workers, is revoked, and a cut-off refuses at once; a restart of the server stops no call, and all goes on after it."""
    monkeypatch.setenv("STATE_ADDRESS", address)
    monkeypatch.setenv("GATEBOOK_STATE_URL", "env:STATE_ADDRESS")
    data = tmp_path / "data"
    made = command(data, "init")
    assert made.returncode == 0 and "made the database test_" in made.stdout and f"on 127.0.0.1:{postgres.port}" in made.stdout
    assert command(data, "init").stdout.count("made ") == 0
    up = start(data)

    def codes(token: str) -> set[int]:
        return {up.mcp(token, "ping", {})[0] for _ in range(ASKED)}

    try:
        until(lambda: bool(status(up)["healthy"]), 30)
        issued = {name: run(up.settings, "token_create", {"person": name}) for name in ("ann", "ben", "cas", "dan")}
        tokens = {name: one["secret"] for name, one in issued.items()}
        time.sleep(1.0)
        assert all(codes(token) == {200} for token in tokens.values())
        run(up.settings, "token_revoke", {"token": issued["ben"]["token"]["id"]})
        time.sleep(1.0)
        assert codes(tokens["ben"]) == {401}
        cut = command(data, "cut-off", "ann", "--reason", "left")
        assert (cut.returncode, codes(tokens["ann"])) == (0, {401}), cut.stderr
        assert "on 2 workers" in cut.stdout and "no answer" not in cut.stdout

        postgres.stop()
        assert codes(tokens["cas"]) == {200}
        found = status(up)
        assert not found["healthy"] and "state cannot be read" in found["state"] and "refused" in found["state"]
        failed = command(data, "cut-off", "cas", "--reason", "left")
        assert failed.returncode == 1 and "cannot be" in failed.stderr and "Traceback" not in failed.stderr
        postgres.start()
        until(lambda: bool(status(up)["healthy"]), 10)
        assert codes(tokens["cas"]) == codes(tokens["dan"]) == {200}
        assert codes(tokens["ann"]) == codes(tokens["ben"]) == {401}
        cut = command(data, "cut-off", "cas", "--reason", "left")
        assert (cut.returncode, codes(tokens["cas"])) == (0, {401}), cut.stderr
        assert "on 2 workers" in cut.stdout and codes(tokens["dan"]) == {200}

        said = command(data, "config").stdout + command(data, "status").stdout
        lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in up.children().values()]
    finally:
        code = stop(up)
    assert code == 0
    assert f"on 127.0.0.1:{postgres.port}" in said and "env:STATE_ADDRESS" in said
    assert not (data / "state.db").exists()
    told = [said, *lines, *capfd.readouterr(), failed.stdout, failed.stderr]
    assert not any(secret in text for text in told for secret in (PASSWORD, address))


def test_the_address_in_the_settings_is_shown_without_its_password(tmp_path: Path, address: str) -> None:
    """Where somebody wrote the whole of it into the settings."""
    found = command(tmp_path, "config", GATEBOOK_STATE_URL=address)
    assert "postgresql://app:***@127.0.0.1" in found.stdout
    assert address.split(":")[2].split("@")[0] not in found.stdout


def test_a_deployment_says_what_is_wrong_with_its_state(tmp_path: Path, postgres: Cluster) -> None:
    """One line on stderr, and no trace: no server, a wrong password, no rights, a setting that is no address."""
    wrong = {
        "postgresql://gatebook@127.0.0.1:1/gatebook": "cannot open the database gatebook on 127.0.0.1:1: ",
        postgres.url_with_password("postgres", "wr0ng-one"): "password authentication failed",
        postgres.url_with_password("postgres", user="app"): "permission denied for schema public; state needs a database of its own",
        "mysql://wr0ng-one@db/gatebook": "state.url: must be postgresql://user:password@host/database",
        "env:NOWHERE": "state.url: env:NOWHERE is not set or is empty",
    }
    for url, said in wrong.items():
        done = command(tmp_path / "data", "init", GATEBOOK_STATE_URL=url)
        assert done.returncode != 0 and said in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1 and "wr0ng-one" not in done.stderr
