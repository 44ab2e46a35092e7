"""The identity provider of the demo: oidc-provider-mock, a real OpenID Connect provider without passwords, with the people of the demo.

python -m gatebook.demo.identity [PORT] [USERS]     prints its issuer, then serves until it is ended
USERS is JSON: claims by subject; the people of the demo when left out.
"""

import html
import json
import logging
import os
import re
import socket
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import uvicorn

from gatebook.demo.cast import COMPANY, PEOPLE

_FOREIGN_STYLE = re.compile(r"<link\b[^>]*https?://[^>]*>")
_STYLE = """<style>
:root { color-scheme: light dark; font: 15px/22px system-ui, sans-serif; }
body { max-width: 640px; margin: 48px auto; padding: 0 16px; }
h1 { font-size: 20px; } h2 { font-size: 15px; margin: 24px 0 8px; }
input { font: inherit; padding: 6px 10px; width: 100%; box-sizing: border-box; margin-bottom: 8px; }
button { font: inherit; padding: 6px 12px; margin: 0 6px 8px 0; cursor: pointer; }
</style>"""


def subject_of(email: str) -> str:
    """As whom the provider knows somebody, and the externalId that its directory sends."""
    return email.partition("@")[0]


def users() -> dict[str, dict[str, Any]]:
    """The people of the demo, as claims by subject."""
    return {subject_of(one.email): {"name": one.name, "email": one.email, "email_verified": True} for one in PEOPLE}


def make_app(claims: Mapping[str, Mapping[str, Any]]) -> Any:
    """The WSGI app of the provider; its pages fetch nothing from elsewhere."""
    # It may speak plain http, being for this machine alone.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import oidc_provider_mock

    app = oidc_provider_mock.app(user_claims=[oidc_provider_mock.User(sub=sub, claims=dict(more)) for sub, more in claims.items()])
    app.after_request(_at_home)
    return app


def _at_home(response: Any) -> Any:
    """Take the style sheet of a foreign host out of a page: the demo works without a network."""
    if response.mimetype == "text/html" and not response.direct_passthrough:
        text = _FOREIGN_STYLE.sub(
            f"<title>{html.escape(COMPANY)}</title><link rel=icon href=data:,>{_STYLE}", response.get_data(as_text=True)
        )
        response.set_data(text)
    return response


def main(words: list[str]) -> int:
    """Serve; returns the exit code."""
    # The packages underneath warn of each other's age; the terminal belongs to the demo.
    warnings.showwarning = lambda *_: None
    logging.disable(logging.ERROR)
    claims = json.loads(words[1]) if len(words) > 1 else users()
    listener = socket.create_server(("127.0.0.1", int(words[0]) if words else 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(make_app(claims), interface="wsgi", lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
