"""How each AI app is connected, with this gateway's own address. With a secret it stands in the text, ready to be pasted. Pure."""

import json
import re
import shlex

from msgspec import Struct

_NAME = re.compile(r"[^A-Za-z0-9-]+")
PLACEHOLDER = "$GATEBOOK_TOKEN"


class Snippet(Struct, frozen=True, kw_only=True):
    """One app: what to do, and what to paste; `text` may be empty. `id` is of the page."""

    id: str
    app: str
    lead: str
    text: str


def sign_in_snippets(mcp_url: str) -> list[Snippet]:
    """Apps that ask their person to sign in; no token is needed."""
    url = f"{mcp_url}/mcp"
    return [
        Snippet(id="claude", app="Claude", lead="Settings, Connectors, Add custom connector. It asks you to sign in.", text=url),
        Snippet(id="chatgpt", app="ChatGPT", lead="Settings, Apps and connectors, Create. It asks you to sign in.", text=url),
    ]


def token_snippets(mcp_url: str, deployment: str, secret: str = "") -> list[Snippet]:
    """Apps that send a token with each request."""
    url, name = f"{mcp_url}/mcp", _NAME.sub("-", deployment) or "gatebook"
    token = secret or PLACEHOLDER
    header = f"Authorization: Bearer {token}"
    quoted = shlex.quote(header) if secret else f'"{header}"'
    return [
        Snippet(
            id="claude-code",
            app="Claude Code",
            lead="In a terminal.",
            text=f"claude mcp add --transport http {name} {url} --header {quoted}",
        ),
        Snippet(
            id="cursor",
            app="Cursor",
            lead="In ~/.cursor/mcp.json, or .cursor/mcp.json of a project.",
            text=_laid_out(
                {"mcpServers": {name: {"url": url, "headers": {"Authorization": f"Bearer {secret or '${env:GATEBOOK_TOKEN}'}"}}}}
            ),
        ),
        Snippet(
            id="vs-code",
            app="VS Code",
            lead="In .vscode/mcp.json. It asks for the token once.",
            text=_laid_out(
                {
                    "inputs": [{"type": "promptString", "id": "gatebook-token", "description": "Gatebook access token", "password": True}],
                    "servers": {name: {"type": "http", "url": url, "headers": {"Authorization": "Bearer ${input:gatebook-token}"}}},
                }
            ),
        ),
        Snippet(
            id="curl",
            app="curl",
            lead="To try it: the tools that you may call.",
            text=(f'curl {url} --header {quoted} --json \'{{"jsonrpc":"2.0","id":1,"method":"tools/list"}}\''),
        ),
    ]


def _laid_out(value: object) -> str:
    return json.dumps(value, indent=2)
