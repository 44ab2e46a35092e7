"""`gatebook scim`."""

import json

from gatebook.identity.tokens import is_well_formed, kind_of
from tests.cli.conftest import Run


def test_a_token_is_made_listed_and_revoked(gatebook: Run) -> None:
    """The secret is alone on standard output, and never shown again."""
    code, output, errors = gatebook("scim", "token", "create", "--name", "Okta")
    secret = output.strip()
    assert code == 0 and is_well_formed(secret) and kind_of(secret) == "directory"
    assert "/scim/v2" in errors and "expires 20" in errors
    listed = gatebook("scim", "token", "list")[1]
    row = listed.splitlines()[1].split()
    assert secret not in listed and (row[1], row[2], row[-1]) == (secret[:12] + "…", "Okta", "valid")
    assert gatebook("scim", "token", "revoke", row[1])[1] == f"Token {row[0]} of the directory is revoked.\n"
    assert "revoked already" in gatebook("scim", "token", "revoke", row[0])[2]


def test_json_holds_all_that_a_script_needs(gatebook: Run) -> None:
    """Token, id, expiry and the address for the directory; no hash in the list."""
    made = json.loads(gatebook("scim", "token", "create", "--expires", "never", "--json")[1])
    assert is_well_formed(made["token"]) and made["expires_us"] is None
    assert made["scim_url"] == "http://127.0.0.1:8401/scim/v2"
    [listed] = json.loads(gatebook("scim", "token", "list", "--json")[1])
    assert listed["id"] == made["id"] and "sha256" not in listed


def test_a_third_is_refused(gatebook: Run) -> None:
    """Two live at once; the sentence names both."""
    for _ in range(2):
        assert gatebook("scim", "token", "create")[0] == 0
    code, output, errors = gatebook("scim", "token", "create")
    assert (code, output) == (1, "") and "two tokens of the directory live already" in errors
