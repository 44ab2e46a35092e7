"""`gatebook token`."""

import json
import time

import pytest

from gatebook.cli.main import Problem
from gatebook.cli.token import life_s
from gatebook.identity.tokens import is_well_formed, make_token
from tests.cli.conftest import Run


def test_a_token_is_made_listed_and_revoked(gatebook: Run) -> None:
    """The secret is alone on standard output, and never shown again."""
    code, output, errors = gatebook("token", "create", "Ana@corp.example", "--groups", "sales, ops", "--name", "laptop", "--expires", "90d")
    secret = output.strip()
    assert code == 0
    assert is_well_formed(secret)
    assert "(groups: ops, sales), expires 20" in errors
    listed = gatebook("token", "list")[1]
    assert secret not in listed
    row = listed.splitlines()[1].split()
    assert (row[1], row[2], row[3], row[4], row[-1]) == (secret[:11] + "…", "ana@corp.example", "ops,sales", "laptop", "valid")
    assert gatebook("token", "revoke", row[1])[1] == f"Token {row[0]} of ana@corp.example is revoked.\n"
    assert gatebook("token", "list")[1].splitlines()[1].endswith("revoked")
    assert "revoked already" in gatebook("token", "revoke", row[0])[2]


def test_json_holds_all_that_a_script_needs(gatebook: Run) -> None:
    """Token, id, owner and the address for a client."""
    made = json.loads(gatebook("token", "create", "ana", "--expires", "never", "--reason", "the display", "--json")[1])
    assert is_well_formed(made["token"])
    assert (made["person"], made["groups"], made["expires_us"], made["mcp_url"]) == ("ana", [], None, "http://127.0.0.1:8400/mcp")
    listed = json.loads(gatebook("token", "list", "--json")[1])
    assert [token["id"] for token in listed] == [made["id"]]


def test_a_token_expires_after_ninety_days_unless_said_otherwise(gatebook: Run) -> None:
    """A token that nobody thought about must not be valid for ever."""
    made = json.loads(gatebook("token", "create", "ana", "--json")[1])
    assert 89 * 86400 < made["expires_us"] / 1_000_000 - time.time() <= 90 * 86400


def test_groups_are_kept_unless_they_are_given(gatebook: Run) -> None:
    """A second token of a person does not take groups away; an empty list does."""
    gatebook("token", "create", "ana", "--groups", "sales")
    assert json.loads(gatebook("token", "create", "ana", "--json")[1])["groups"] == ["sales"]
    assert json.loads(gatebook("token", "create", "ana", "--groups", "", "--json")[1])["groups"] == []


def test_lives_are_written_with_a_unit() -> None:
    """A bare number is not guessed at."""
    assert [life_s(text) for text in ("30s", "5m", "12h", "90d", "2w")] == [30, 300, 43_200, 7_776_000, 1_209_600]
    for text in ("90", "d", "-1d", "0d", "1y", "9999999d"):
        with pytest.raises(Problem):
            life_s(text)


def test_a_token_for_ever_takes_a_reason(gatebook: Run) -> None:
    """Nobody makes one by the way."""
    code, output, errors = gatebook("token", "create", "ana", "--expires", "never")
    assert (code, output) == (1, "") and "takes a reason" in errors
    assert "at most" in gatebook("token", "create", "ana", "--expires", "9999d")[2]


def test_a_leaked_text_is_checked_offline(gatebook: Run) -> None:
    """Shape and check sum tell a real token, and what to do about it; nothing is asked, and the text is not repeated."""
    token = make_token(b"l" * 32, "service")
    code, output, _ = gatebook("token", "check", token)
    assert code == 0 and "a service account's" in output and "gatebook token revoke" in output and token not in output
    for wrong in (token[:-1] + "0", "gw_pat_x", "", "ghp_" + token[4:]):
        code, output, _ = gatebook("token", "check", wrong)
        assert code == 1 and output.startswith("No token of Gatebook")
