"""Real identity providers beside a theatre: oidc-provider-mock as the demo runs it, and oidc-provider from npm."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conformance import node

SECRET = "a secret of at least 32 characters, with = and :"


@contextmanager
def mock(users: dict[str, dict[str, Any]]) -> Iterator[str]:
    """oidc-provider-mock; its issuer."""
    command = [sys.executable, "-m", "gatebook.demo.identity", "0", json.dumps(users)]
    with _running(command) as line:
        yield line


@contextmanager
def certified(console_url: str, accounts: dict[str, dict[str, Any]]) -> Iterator[str]:
    """oidc-provider, which knows this console as a client and signs out there too; its issuer. Raises NodeMissing."""
    place = node.install(node.PROVIDERS)
    with socket.create_server(("127.0.0.1", 0)) as free:
        issuer = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = {
        "client_id": "gatebook",
        "client_secret": SECRET,
        "redirect_uris": [f"{console_url}/idp/callback"],
        "post_logout_redirect_uris": [f"{console_url}/login"],
        "backchannel_logout_uri": f"{console_url}/oidc/backchannel-logout",
        "backchannel_logout_session_required": True,
    }
    told = json.dumps({"issuer": issuer, "client": client, "accounts": accounts})
    with _running([str(node.binary()), str(place / "provider.mjs"), told]):
        yield issuer


@contextmanager
def _running(command: list[str]) -> Iterator[str]:
    """A process that prints a line when it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line, f"{command[:2]} did not start"
        yield line
    finally:
        process.terminate()
        process.communicate(timeout=20)
