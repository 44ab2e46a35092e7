"""The whole deployment as processes: `gatebook up` with two workers, asked over fresh connections."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from gatebook.control.office import keeper_client, run
from gatebook.log.reader import StreamReader
from gatebook.record.body import AnyBody, ProcessStarted, ProcessStopped
from gatebook.record.codec import decode_body
from gatebook.settings import Settings, load

WORKER_RSS_BYTES_MAX = 110 << 20
CONNECTOR = "kind: Connector\nname: {name}\nspec: {{transport: http, url: 'http://127.0.0.1:9/mcp', allow: {{groups: [sales]}}}}\n"


class Deployment(Struct):
    """A running `gatebook up`."""

    process: subprocess.Popen[str]
    settings: Settings
    link: str

    def children(self) -> dict[str, int]:
        """Process ids by verb and slot."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rpartition(")")[2].split()[1])
                words = (path.parent / "cmdline").read_text().split("\0")
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and "gatebook" in words:
                verb = words[words.index("gatebook") + 1]
                found[verb + (words[words.index("--slot") + 1] if verb == "worker" else "")] = int(path.parent.name)
        return found

    def records(self, stream: str) -> list[AnyBody]:
        """All records of a stream."""
        reader = StreamReader(self.settings.log_dir / stream)
        found = [decode_body(entry.core) for entry in reader.read(10_000, 1 << 26)]
        reader.close()
        return found

    def mcp(self, token: str, method: str, params: dict[str, Any], endpoint: str = "/mcp") -> tuple[int, Any]:
        """Send one request over a fresh connection; returns status and answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.mcp.port, timeout=10)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        connection.request("POST", endpoint, body, headers)
        response = connection.getresponse()
        answer = json.loads(response.read() or b"null")
        connection.close()
        return response.status, answer


def start(data: Path) -> Deployment:
    """Start `gatebook up` on free ports; returns when it says that it runs."""
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "GATEBOOK_WORKERS": "2",
        "GATEBOOK_MCP_PORT": "0",
        "GATEBOOK_CONSOLE_PORT": "0",
        "GATEBOOK_LOG_SEGMENT_BYTES": str(1 << 20),
        "GATEBOOK_LOG_RESERVE_BYTES": "0",
        "GATEBOOK_LOG_SEAL_INTERVAL_S": "0.3",
    }
    command = [sys.executable, "-m", "gatebook", "up", "--json", "--data", str(data)]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    ports = {f"GATEBOOK_{name.upper()}_PORT": told[f"{name}_url"].rpartition(":")[2].split("/")[0] for name in ("mcp", "console")}
    return Deployment(process, load(None, {**environ, **ports}, data_dir=data), told["link"])


def stop(deployment: Deployment) -> int:
    """Ask it to stop; returns its exit code."""
    deployment.process.send_signal(signal.SIGTERM)
    code = deployment.process.wait(40)
    assert deployment.process.stdout is not None
    deployment.process.stdout.close()
    return code


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for all tests of this file that leave it running."""
    deployment = start(tmp_path_factory.mktemp("up") / "data")
    yield deployment
    assert stop(deployment) == 0


def until(condition: Callable[[], bool], timeout_s: float) -> float:
    """Wait until a condition holds; returns the seconds that it took."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < timeout_s
        time.sleep(0.02)
    return time.monotonic() - began_s


def test_it_comes_up_whole(up: Deployment) -> None:
    """Keeper and both workers run, the status is healthy, both listeners answer, and workers are small."""
    until(lambda: bool(keeper_client(up.settings).get("/status")["healthy"]), 20)
    assert set(up.children()) == {"keeper", "worker0", "worker1"}
    for port in (up.settings.mcp.port, up.settings.console.port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
    for name, pid in up.children().items():
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        assert name == "keeper" or resident < WORKER_RSS_BYTES_MAX


def test_a_connector_is_hot_on_every_worker_within_a_second(up: Deployment) -> None:
    """One second after apply no fresh connection meets a worker that does not know it."""
    token = run(up.settings, "token_create", {"person": "ana", "groups": ["sales"]})["secret"]
    until(lambda: up.mcp(token, "ping", {}, "/mcp")[0] == 200, 1.0)
    time.sleep(1.0)
    run(up.settings, "apply", {"texts": [{"source": "c", "text": CONNECTOR.format(name="hot")}]})
    time.sleep(1.0)
    answers = [up.mcp(token, "tools/call", {"name": "hot__x", "arguments": {}}) for _ in range(20)]
    assert {status for status, _ in answers} == {200}
    assert all("hot" in json.dumps(answer) and "nknown" not in json.dumps(answer) for _, answer in answers)


def test_a_revoked_token_is_refused_by_every_worker_within_a_second(up: Deployment) -> None:
    """Twenty fresh connections, so that both workers are met."""
    issued = run(up.settings, "token_create", {"person": "leo"})
    time.sleep(1.0)
    assert {up.mcp(issued["secret"], "ping", {})[0] for _ in range(20)} == {200}
    run(up.settings, "token_revoke", {"token": issued["token"]["id"]})
    time.sleep(1.0)
    assert {up.mcp(issued["secret"], "ping", {})[0] for _ in range(20)} == {401}


def test_a_dead_keeper_stops_no_call_and_comes_back(up: Deployment) -> None:
    """While it is away calls go on and are recorded; then it goes on with what it missed."""
    token = run(up.settings, "token_create", {"person": "kim"})["secret"]
    time.sleep(1.0)
    keeper = up.children()["keeper"]
    os.kill(keeper, signal.SIGKILL)
    assert {up.mcp(token, "ping", {})[0] for _ in range(20)} == {200}
    until(lambda: up.children().get("keeper", keeper) != keeper, 10)

    def healthy() -> bool:
        try:
            return bool(keeper_client(up.settings).get("/status")["healthy"])
        except Exception:
            return False

    until(healthy, 30)
    starts = [body for body in up.records(up.settings.keeper_stream) if isinstance(body, ProcessStarted)]
    assert len(starts) == 2


def test_the_printed_link_opens_the_console_once(up: Deployment) -> None:
    """The page behind the link is there, and the secret in its fragment is good for one sign-in."""
    page, _, secret = up.link.partition("#")
    assert page == f"{up.settings.console_url}/sign-in"
    statuses = []
    for _ in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", up.settings.console.port, timeout=5)
        connection.request("POST", "/sign-in", f"secret={secret}", {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        statuses.append((response.status // 100, "set-cookie" in response.headers))
        connection.close()
    assert statuses[0] == (3, True)
    assert statuses[1][1] is False


def test_a_second_supervisor_is_turned_away(up: Deployment) -> None:
    """One data directory has one supervisor."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "GATEBOOK_MCP_PORT": "0", "GATEBOOK_CONSOLE_PORT": "0"}
    command = [sys.executable, "-m", "gatebook", "up", "--data", str(up.settings.data_dir)]
    found = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert (found.returncode, found.stderr) == (1, f"gatebook up: `gatebook up` runs already with {up.settings.data_dir}\n")


def test_it_stops_in_good_order_and_the_seal_covers_everything(tmp_path: Path) -> None:
    """SIGTERM ends all processes with code 0; each stream ends with process.stopped, and the last checkpoint covers the last record."""
    deployment = start(tmp_path / "data")
    children = deployment.children()
    assert stop(deployment) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children.values())
    settings = deployment.settings
    streams = [settings.keeper_stream, settings.worker_stream(0), settings.worker_stream(1)]
    total = 0
    for stream in streams:
        records = deployment.records(stream)
        total += len(records)
        assert isinstance(records[0], ProcessStarted)
        assert isinstance(records[-1], ProcessStopped)
        assert records[-1].reason == "SIGTERM"
    checkpoint = (settings.log_dir / "tree" / "checkpoint").read_text().splitlines()
    assert checkpoint[0].startswith("gatebook/gatebook/node1/")
    assert int(checkpoint[1]) == total
    assert not settings.keeper_socket.exists()
