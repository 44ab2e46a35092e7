"""Takes the pictures of docs/images from the running demo: `python3 run.py pictures`.

Starts the demo, signs in with headless Chromium and photographs each screen in light and dark. The demo invents the same past each time, so pictures change
only with the screens and the date.
"""

import argparse
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, ViewportSize, sync_playwright

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
SIZE: ViewportSize = {"width": 1280, "height": 800}
_LINK = re.compile(r"http://\S+/sign-in#\S+")
_START_S = 180
_SUSPECT = "tomas.lind@harbourpine.example"


def main() -> int:
    """Take all pictures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="DIR", help="where to put them (default: docs/images)")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    with _demo() as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_context(viewport=SIZE, reduced_motion="reduce").new_page()
        page.goto(link)
        page.wait_for_selector("#calls")
        for name, address, act in _screens(page, link.partition("/sign-in")[0]):
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                page.goto(address)
                page.wait_for_load_state("networkidle")
                act(page)
                page.screenshot(path=args.to / f"{name}-{theme}.png")
                print(args.to / f"{name}-{theme}.png", flush=True)
        browser.close()
    return 0


def _nothing(page: Page) -> None:
    """The screen is taken as it opens."""


def _try_draft(page: Page) -> None:
    """Have a policy that is observed decide, and try that on the calls of a week."""
    # The policy's own test expects what observing does.
    page.fill("#text", page.input_value("#text").replace("  mode: observe\n", "").replace("expect: allow", "expect: deny"))
    page.wait_for_selector("#check[data-good]")
    page.click("[data-try]")
    page.wait_for_selector("#replay .result")
    page.evaluate("document.querySelector('main').scrollTo(0, 330)")


def _screens(page: Page, url: str) -> Iterator[tuple[str, str, Callable[[Page], None]]]:
    """Names and addresses of the screens, and what is done there first."""
    yield "explorer", f"{url}/?range=7d", _nothing
    page.goto(f"{url}/?range=7d&q={quote(f'person:{_SUSPECT} status:blocked')}")
    yield "call", url + str(page.locator("#calls a[href^='/calls/']").first.get_attribute("href")), _nothing
    yield "investigation", f"{url}/investigate?start={quote(f'person:{_SUSPECT}')}&range=30d", _nothing
    yield "trends", f"{url}/trends?range=30d", _nothing
    yield "policies", f"{url}/policies", _nothing
    yield "policy-editor", f"{url}/changes/new?kind=Policy&name=wide-searches", _try_draft
    yield "person", f"{url}/people/{_SUSPECT}", _nothing
    yield "grants", f"{url}/grants?show=all", _nothing


@contextmanager
def _demo() -> Iterator[str]:
    """Run the demo; yields its link, which signs in once."""
    command = [sys.executable, "-m", "gatebook", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            found = next((match[0] for line in process.stdout if (match := _LINK.search(line))), None)
            if found is None:
                raise SystemExit("the demo printed no link; see the lines above")
            yield found
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_START_S)


if __name__ == "__main__":
    sys.exit(main())
