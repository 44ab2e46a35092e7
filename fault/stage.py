"""Everything a scenario needs: a connector, a deployment that leads to it, people with tokens, and clients that call."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fault import ledger
from fault.callers import Callers, Heard
from fault.deployment import Deployment, wait_until
from gatebook.control import office
from gatebook.settings import Settings

CONNECTOR = "fault"
_PEOPLE = ("ann", "bob")
_SETTLE_S = 15.0
_JOURNAL = "executed"


class Stage:
    """One deployment in a directory, with its callers; `open_stage` makes and ends it."""

    def __init__(self, deployment: Deployment, journal: Path, callers: Callers, tokens: list[str]) -> None:
        self.deployment = deployment
        self.callers = callers
        self.tokens = tokens
        self._journal = journal

    @property
    def heard(self) -> Heard:
        """What the callers heard."""
        return self.callers.heard

    @property
    def url(self) -> str:
        """Where the connector is called through the gateway."""
        return f"{self.deployment.settings.mcp_url}/mcp/{CONNECTOR}"

    def executed(self) -> list[str]:
        """Keys of the calls that the connector executed."""
        return ledger.executed_keys(self._journal)

    def call_for(self, seconds: float) -> None:
        """Let all callers call."""
        self.callers.go()
        time.sleep(seconds)

    def await_acknowledged(self, more: int, timeout_s: float = 30.0) -> bool:
        """Wait until that many more calls were acknowledged from now on."""
        target = len(self.heard.acknowledged) + more
        return wait_until(lambda: len(self.heard.acknowledged) >= target, timeout_s)

    def settled_log(self) -> ledger.Log:
        """The whole log once every call in it has its outcome; the callers must be at rest."""
        log = ledger.read_log(self.deployment.settings)
        until = time.monotonic() + _SETTLE_S
        while log.open_calls() and time.monotonic() < until:
            time.sleep(0.2)
            log = ledger.read_log(self.deployment.settings)
        return log

    def judge(self, log: ledger.Log) -> ledger.Verdict:
        """Hold the log against what was heard and executed."""
        return ledger.judge(log, self.heard, self.executed())


@contextmanager
def open_stage(
    directory: Path,
    *,
    supervised: bool,
    workers: int = 1,
    callers: int = 32,
    environ: Mapping[str, str] | None = None,
    before_start: Callable[[Deployment], None] | None = None,
) -> Iterator[Stage]:
    """Start connector, deployment and callers, which rest at first. At the end no process is left. `before_start` runs once the data directory is there."""
    with open_connector(directory) as port:
        deployment = Deployment(directory / "data", supervised=supervised, workers=workers, environ=environ)
        try:
            tokens = _provision(deployment.settings, port)
            if before_start is not None:
                before_start(deployment)
            deployment.start()
            stage_callers = Callers(f"{deployment.settings.mcp_url}/mcp/{CONNECTOR}", tokens, callers)
            try:
                yield Stage(deployment, directory / _JOURNAL, stage_callers, tokens)
            finally:
                stage_callers.close()
        finally:
            deployment.close()


@contextmanager
def open_connector(directory: Path) -> Iterator[int]:
    """Start the connector alone; gives its port."""
    directory.mkdir(parents=True, exist_ok=True)
    connector = subprocess.Popen([sys.executable, "-m", "fault.connector", str(directory / _JOURNAL)], stdout=subprocess.PIPE, text=True)
    try:
        assert connector.stdout is not None
        yield int(connector.stdout.readline())
    finally:
        connector.kill()
        connector.wait()
        if connector.stdout is not None:
            connector.stdout.close()


def _provision(settings: Settings, port: int) -> list[str]:
    """Do what `gatebook apply` and `gatebook token create` do while no keeper runs. Returns the secrets of the tokens."""
    spec = {"transport": "http", "url": f"http://127.0.0.1:{port}/mcp", "allow": {"groups": ["everyone"]}}
    document = {"source": "fault", "text": json.dumps({"kind": "Connector", "name": CONNECTOR, "spec": spec})}
    office.run(settings, "apply", {"texts": [document]})
    return [office.run(settings, "token_create", {"person": person, "groups": ["staff"]})["secret"] for person in _PEOPLE]
