"""Takes the pictures of docs/images from the running demo: `python3 run.py pictures`.

Starts the demo, signs in with headless Chromium at the demo's identity provider, as somebody who sees everything and as an employee, and photographs each
screen in light and dark. The demo invents the same past each time, so pictures change only with the screens and the date.
"""

import argparse
import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from gatebook.demo.browser import CLAUDE, App
from scripts.png import squeeze

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--force-color-profile=srgb",
)
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
SIZE: ViewportSize = {"width": 1280, "height": 800}
_ADDRESSES = re.compile(r"(?s)Sign in +(http://\S+)/login\n.*MCP +(http://\S+)\n.*Stop")
_ALL_OF_IT = "aiko.tanaka"
_EMPLOYEE = "lucia.moreno"
_START_S = 180
_SUSPECT = "tomas.lind@harbourpine.example"


def main() -> int:
    """Take all pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="DIR", help="where to put them (default: docs/images)")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    with _demo() as (url, mcp_url):
        # Before there is a browser, whose library runs a loop of its own.
        asked = asyncio.run(_question(url, mcp_url))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            _take(browser.new_context(viewport=SIZE, reduced_motion="reduce").new_page(), args.to, "sign-in", f"{url}/login")
            page = _signed_in(browser, url, _ALL_OF_IT)
            for name, address, act in _screens(page, url):
                _take(page, args.to, name, address, act)
            _take(page, args.to, "consent", f"{url}/oauth/authorize?{urlencode(asked)}")
            _take(_signed_in(browser, url, _EMPLOYEE), args.to, "my-calls", f"{url}/me")
            browser.close()
    return 0


def _take(page: Page, folder: Path, name: str, address: str, act: Callable[[Page], None] | None = None) -> None:
    """Photograph a screen in light and dark."""
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        if act is not None:
            act(page)
        (folder / f"{name}-{theme}.png").write_bytes(squeeze(page.screenshot()))
        print(folder / f"{name}-{theme}.png", flush=True)


def _signed_in(browser: Browser, url: str, who: str) -> Page:
    """Sign in at the identity provider, in a browser window of one's own."""
    page = browser.new_context(viewport=SIZE, reduced_motion="reduce").new_page()
    page.goto(f"{url}/login")
    page.click("main .ways a")
    page.click(f"button:has-text('{who}')")
    page.wait_for_url(f"{url}/**")
    return page


async def _question(url: str, mcp_url: str) -> dict[str, str]:
    """What an AI client that has just registered itself asks a person."""
    return (await App.registered(url, "Claude", CLAUDE)).question(mcp_url)


def _try_draft(page: Page) -> None:
    """Have a policy that is observed decide, and try that on the calls of a week."""
    # The policy's own test expects what observing does.
    page.fill("#text", page.input_value("#text").replace("  mode: observe\n", "").replace("expect: allow", "expect: deny"))
    page.wait_for_selector("#check[data-good]")
    page.click("[data-try]")
    page.wait_for_selector("#replay .result")
    page.evaluate("document.querySelector('main').scrollTo(0, 330)")


def _screens(page: Page, url: str) -> Iterator[tuple[str, str, Callable[[Page], None] | None]]:
    """Names and addresses of the screens, and what is done there first."""
    yield "explorer", f"{url}/?range=7d", None
    page.goto(f"{url}/?range=7d&q={quote(f'person:{_SUSPECT} status:blocked')}")
    yield "call", url + str(page.locator("#calls a[href^='/calls/']").first.get_attribute("href")), None
    yield "investigation", f"{url}/investigate?start={quote(f'person:{_SUSPECT}')}&range=30d", None
    yield "trends", f"{url}/trends?range=30d", None
    yield "policies", f"{url}/policies", None
    yield "policy-editor", f"{url}/changes/new?kind=Policy&name=wide-searches", _try_draft
    yield "person", f"{url}/people/{_SUSPECT}", None
    yield "grants", f"{url}/grants?show=all", None
    yield "roles", f"{url}/roles", None
    page.goto(f"{url}/cut-offs")
    yield "receipt", url + str(page.locator("main a[href^='/cut-offs/cut_']").first.get_attribute("href")), None


@contextmanager
def _demo() -> Iterator[tuple[str, str]]:
    """Run the demo; yields the addresses of the console and for AI clients."""
    command = [sys.executable, "-m", "gatebook", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if found := _ADDRESSES.search(said):
                    break
            else:
                raise SystemExit("the demo printed no addresses; see the lines above")
            yield found[1], found[2]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_START_S)


if __name__ == "__main__":
    sys.exit(main())
