"""What is pasted into AI apps."""

import json
import shlex

from hypothesis import given
from hypothesis import strategies as st

from gatebook.console.snippets import PLACEHOLDER, sign_in_snippets, token_snippets
from gatebook.identity.tokens import make_token

URL = "https://gatebook.example.com"
SECRET = make_token(b"t" * 32)


def test_each_app_gets_the_address_and_the_token_in_its_own_form() -> None:
    """A command that a shell splits right, JSON that is JSON; VS Code asks for the token itself, so that it is in no file."""
    ways = {one.id: one.text for one in token_snippets(URL, "northwind", SECRET)}
    words = shlex.split(ways["claude-code"])
    assert words[:7] == ["claude", "mcp", "add", "--transport", "http", "northwind", f"{URL}/mcp"]
    assert words[-1] == f"Authorization: Bearer {SECRET}"
    cursor = json.loads(ways["cursor"])["mcpServers"]["northwind"]
    assert cursor == {"url": f"{URL}/mcp", "headers": {"Authorization": f"Bearer {SECRET}"}}
    code = json.loads(ways["vs-code"])
    assert code["servers"]["northwind"]["url"] == f"{URL}/mcp" and SECRET not in ways["vs-code"] and code["inputs"][0]["password"]
    assert json.loads(shlex.split(ways["curl"])[-1])["method"] == "tools/list"


def test_without_a_token_there_is_a_place_for_one() -> None:
    """The shell fills it in; nothing looks like a secret."""
    ways = {one.id: one.text for one in token_snippets(URL, "northwind")}
    assert f'"Authorization: Bearer {PLACEHOLDER}"' in ways["claude-code"] and "${env:GATEBOOK_TOKEN}" in ways["cursor"]
    assert all(one.text == f"{URL}/mcp" for one in sign_in_snippets(URL))


@given(st.text(max_size=40))
def test_no_name_of_a_deployment_breaks_a_snippet(deployment: str) -> None:
    """Whatever it is called, the command has the same words and the JSON is JSON."""
    ways = {one.id: one.text for one in token_snippets(URL, deployment, SECRET)}
    assert len(shlex.split(ways["claude-code"])) == 9
    assert json.loads(ways["cursor"]) and json.loads(ways["vs-code"])
