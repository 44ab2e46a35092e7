"""`gatebook cut-off`."""

import json

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def hired(gatebook: Run) -> Run:
    """Ana has two tokens."""
    for name in ("laptop", "phone"):
        gatebook("token", "create", "Ana@corp.example", "--name", name)
    return gatebook


def states(gatebook: Run) -> list[str]:
    """How the tokens stand."""
    return [line.split()[-1] for line in gatebook("token", "list")[1].splitlines()[1:]]


def test_a_person_is_cut_off_with_a_receipt(hired: Run) -> None:
    """Without a keeper there are no workers either: it is in force at once, and says what ended."""
    code, output, _ = hired("cut-off", "Ana@corp.example", "--reason", "left the company")
    assert code == 0
    lines = output.splitlines()
    assert lines[0].startswith("ana@corp.example is cut off since 20") and "Receipt cut_" in lines[0]
    assert lines[1] == "  tokens 2, console sessions 0, grants of AI clients 0"
    assert lines[2].startswith("  streams 0, calls in flight 0, on 0 workers within 0 ms")
    assert states(hired) == ["revoked", "revoked"]


def test_a_dry_run_tells_and_ends_nothing(hired: Run) -> None:
    """It needs no reason, because nothing is recorded."""
    code, output, _ = hired("cut-off", "ana@corp.example", "--dry-run")
    assert code == 0
    assert output.startswith("ana@corp.example (ana) is active. A cut-off would end:\n  2 access tokens\n  0 console sessions\n")
    assert states(hired) == ["valid", "valid"]
    hired("cut-off", "ana@corp.example", "--reason", "left")
    assert "is inactive already" in hired("cut-off", "ana@corp.example", "--dry-run")[1]


def test_who_stays_active_can_have_a_new_token(hired: Run) -> None:
    """A lost laptop."""
    receipt = json.loads(hired("cut-off", "ana@corp.example", "--reason", "lost laptop", "--keep-active", "--json")[1])["receipt"]
    assert (receipt["tokens"], receipt["cause"], receipt["detail"]) == (2, "administrator", "lost laptop")
    assert receipt["done_us"] is not None
    hired("token", "create", "ana@corp.example")
    assert sorted(states(hired)) == ["revoked", "revoked", "valid"]


def test_what_is_missing_is_said(hired: Run) -> None:
    """A reason, or the person; nothing ends."""
    code, _, errors = hired("cut-off", "ana@corp.example", "--reason", " ")
    assert code == 2 and "--reason" in errors
    code, _, errors = hired("cut-off", "eva@corp.example", "--reason", "left")
    assert code == 1 and "there is no person 'eva@corp.example'" in errors
    assert states(hired) == ["valid", "valid"]
