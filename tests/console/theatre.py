"""The real app behind a real server on a free port, for browsers; and Chromium with watchers for what must never happen."""

import asyncio
import importlib.util
import re
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn

from gatebook.processes.listeners import bind
from tests.console.stage import ADMIN, Stage

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_T = TypeVar("_T")


def missing() -> str:
    """What browser tests need and this machine does not have; empty when all is there."""
    modules = [name for name in ("playwright", "axe_playwright_python") if importlib.util.find_spec(name) is None]
    programs = [] if Path(CHROMIUM).exists() else ["chromium (Debian: apt-get install chromium)"]
    return ", ".join(modules + programs)


def story_marks() -> list[pytest.MarkDecorator]:
    """The marks of a module of browser tests: skipped, and saying why, where something is missing."""
    return [
        pytest.mark.browser,
        pytest.mark.skipif(bool(missing()), reason=f"browser tests are SKIPPED, because this machine has no {missing()}"),
        pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),
    ]


class Theatre:
    """A stage on an event loop of its own, in a thread, behind a server. `call` and `run` reach it from outside."""

    def __init__(self, path: Path, calls: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._socket = bind("127.0.0.1", 0)
        self._socket.listen()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.stage: Stage = self.run(self._open(path, calls))
        self._server = uvicorn.Server(uvicorn.Config(self.stage.app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
        self._serving = asyncio.run_coroutine_threadsafe(self._server.serve([self._socket]), self._loop)

    async def _open(self, path: Path, calls: int) -> Stage:
        stage = Stage(path, self.url)
        stage.tokens = await stage.enroll()
        stage.crowd(calls, 86_400_000_000)
        await stage.settled()
        return stage

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run on the stage's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def call(self, work: Callable[[Stage], _T]) -> _T:
        """Do something on the stage, then bring index and tree up to date."""

        async def done() -> _T:
            result = work(self.stage)
            await self.stage.settled()
            return result

        return self.run(done())

    def link(self, person: str) -> str:
        """The address of a one-time link."""
        return f"{self.url}/sign-in#{self.run(self.stage.link_secret(person))}"

    def close(self) -> None:
        """Stop the server, then close the stage."""
        self._server.should_exit = True
        self._serving.result(20)
        self.run(self.stage.providers.close())
        self._loop.call_soon_threadsafe(self.stage.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._socket.close()
        self._loop.close()


def enter(page: Any, theatre: Theatre, path: str = "/", person: str = ADMIN) -> None:
    """Sign in by a one-time link, as an administrator unless somebody else is named, and go somewhere."""
    page.goto(theatre.link(person))
    page.wait_for_url(re.compile(rf"^{re.escape(theatre.url)}/(me)?$"))
    if path != "/":
        page.goto(f"{theatre.url}{path}")


@contextmanager
def opened(tmp_path_factory: pytest.TempPathFactory, calls: int) -> Iterator[Theatre]:
    """The app with so many calls of the last day, in a directory of its own."""
    theatre = Theatre(tmp_path_factory.mktemp("theatre"), calls)
    try:
        yield theatre
    finally:
        theatre.close()


def violations(page: Any, name: str) -> dict[str, list[str]]:
    """What axe has against the page as it stands, by `name` and rule: the elements that it is about."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return {f"{name} {one['id']}": [node["html"][:200] for node in one["nodes"]] for one in found}


def assert_fit(page: Any, theatre: "Theatre", addresses: Iterable[str], width: int) -> None:
    """No page scrolls sideways where the window is so wide."""
    page.set_viewport_size({"width": width, "height": 900})
    for address in addresses:
        page.goto(f"{theatre.url}{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@contextmanager
def watched(browser: Any, expected: str = "\0", **options: Any) -> Iterator[Any]:
    """A page. At the end it fails on any console error, CSP violation, script error, dialog or request to another host, but for `expected`."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(30_000)
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("dialog", lambda dialog: (seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: seen.append(request.url) if not request.url.startswith(("http://127.0.0.1:", "data:")) else None)
    page.add_init_script("document.addEventListener('securitypolicyviolation', (event) => console.error('CSP ' + event.violatedDirective))")
    try:
        yield page
        page.wait_for_timeout(100)
    finally:
        context.close()
    if seen := [text for text in seen if expected not in text]:
        pytest.fail(f"the browser complained: {seen}")
