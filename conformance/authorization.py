"""Runs the suite's scenarios for authorization servers against a live keeper; a script plays the person who signs in and consents."""

import asyncio
import re
import tempfile
import urllib.request
from pathlib import Path

from conformance import servers, suite
from conformance.person import Person

_PORT = 3199
_TIMEOUT_S = 120
_WHO = "conformance@example.com"


async def run() -> suite.Run:
    """Start a gateway, add a client to it, and run the scenarios. Raises NodeMissing, and RuntimeError when none ran."""
    async with servers.fixture() as fixture, servers.gateway(fixture, "token", workers=2) as gateway:
        person = await Person.sign_in(gateway, _WHO)
        callback = f"http://127.0.0.1:{_PORT}/callback"
        client = (await servers.gatebook(gateway.data, "client", "add", "Conformance", "--redirect", callback)).split()[-1]
        with tempfile.TemporaryDirectory(prefix="gatebook-conformance-") as out:
            words = ["--url", gateway.console_url, "--client-id", client, "--resource", gateway.url, "-p", str(_PORT), "-o", out]
            exit_code, output = await _run(words, person)
            checks = {_scenario(path.parent): suite.read_checks(path) for path in sorted(Path(out).glob("*/checks.json"))}
    if not checks:
        raise RuntimeError(f"the suite ran no scenario for authorization servers:\n{output[-2000:]}")
    return suite.Run(exit_code, checks, output)


def _scenario(directory: Path) -> str:
    match = re.fullmatch(r"authorization-server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z", directory.name)
    return match[1] if match else directory.name


async def _run(words: list[str], person: Person) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *suite.command("authorization", *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    output: list[str] = []
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            async for line in process.stdout:
                text = line.decode(errors="replace")
                output.append(text)
                if re.match(r"https?://\S+/oauth/authorize\?", text):
                    back = await asyncio.to_thread(person.answer, text.strip())
                    await asyncio.to_thread(urllib.request.urlopen, back)
            return await process.wait(), "".join(output)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
