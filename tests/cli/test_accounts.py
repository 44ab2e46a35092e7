"""`gatebook accounts`."""

import json

from tests.cli.conftest import Run


def test_an_account_is_made_given_away_and_listed(gatebook: Run) -> None:
    """Somebody answers for it at all times; who takes it over finds its tokens worthless."""
    gatebook("token", "create", "ana")
    gatebook("token", "create", "bob")
    said = gatebook("accounts", "put", "nightly", "--owner", "ana", "--groups", "sales, ops", "--name", "Nightly run")[1]
    assert said == "ana answers for the service account nightly.\n"
    made = json.loads(gatebook("token", "create", "nightly", "--scope", "mcp:crm", "--json")[1])
    assert made["token"].startswith("gw_svc_") and (made["kind"], made["scopes"], made["groups"]) == (
        "service",
        ["mcp:crm"],
        ["ops", "sales"],
    )
    (row,) = gatebook("accounts", "list")[1].splitlines()[1:]
    assert row.split() == ["nightly", "Nightly", "run", "ana", "ops,sales", "-", "active"]
    assert gatebook("accounts", "give", "nightly", "bob", "--reason", "ana moves on")[1].startswith("bob answers")
    listed = gatebook("token", "list", "--person", "nightly")[1].splitlines()[1]
    assert "nightly (bob)" in listed and "mcp:crm" in listed and listed.endswith("revoked")
    (account,) = json.loads(gatebook("accounts", "list", "--json")[1])
    assert (account["id"], account["owner"], account["kind"]) == ("nightly", "bob", "service")


def test_without_an_owner_there_is_no_account(gatebook: Run) -> None:
    """The sentence says what is missing."""
    code, _, errors = gatebook("accounts", "put", "nightly")
    assert code == 1 and "needs an owner" in errors
    code, _, errors = gatebook("accounts", "give", "nightly", "nobody")
    assert code == 1 and "must be an active person" in errors
