"""`gatebook client`."""

import json

from tests.cli.conftest import Run

CALLBACK = "https://claude.ai/api/mcp/auth_callback"


def test_a_client_is_added_listed_disabled_and_removed(gatebook: Run) -> None:
    """The id is alone on standard output; each change says what it did, and a second one that nothing changes is refused."""
    code, output, _ = gatebook("client", "add", "Claude", "--redirect", CALLBACK)
    id = output.strip()
    assert code == 0 and id.startswith("gwc_")
    row = gatebook("client", "list")[1].splitlines()[1].split()
    assert row[:5] == [id, "Claude", "claude.ai", "pre", "0"] and row[-2:] == ["not", "used"]
    assert gatebook("client", "disable", id)[1] == f"Client {id} is disabled; what people let it do has ended.\n"
    assert gatebook("client", "list")[1].splitlines()[1].endswith("disabled")
    assert "is disabled already" in gatebook("client", "disable", id)[2]
    assert gatebook("client", "enable", id)[0] == 0
    assert gatebook("client", "remove", id)[1] == f"Client {id} is removed.\n"
    code, _, errors = gatebook("client", "remove", id)
    assert code == 1 and "there is no client" in errors


def test_json_holds_all_that_a_script_needs(gatebook: Run) -> None:
    """The secret is there once, and no hash of it ever."""
    added = json.loads(
        gatebook("client", "add", "Bench", "--redirect", CALLBACK, "--redirect", "http://127.0.0.1/cb", "--secret", "--json")[1]
    )
    assert len(added["secret"]) == 43 and added["redirect_uris"] == [CALLBACK, "http://127.0.0.1/cb"]
    (listed,) = json.loads(gatebook("client", "list", "--json")[1])
    assert (listed["id"], listed["authentication"]) == (added["id"], "client_secret_basic")
    assert "sha256" not in json.dumps([added, listed]) and "secret" not in listed


def test_a_wrong_address_is_refused_with_a_sentence(gatebook: Run) -> None:
    """And nothing is added."""
    code, output, errors = gatebook("client", "add", "Bad", "--redirect", "javascript:alert(1)")
    assert (code, output) == (1, "") and "must begin with https://" in errors
    assert json.loads(gatebook("client", "list", "--json")[1]) == []
