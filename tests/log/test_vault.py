"""Sealing and opening payloads, and what erasure leaves."""

import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.log.errors import PartUnavailable
from gatebook.log.frames import parse_parts
from gatebook.log.vault import Vault
from gatebook.record.parts import PartName
from tests.log.samples import SUBJECT, open_vault

TIME_US = 1_795_000_000_000_000
MONTH = "202611"
ID = "01a20609-1e18-7fd7-8a3a-b0b20fb2f05e"
PARTS: list[tuple[PartName, bytes]] = [("identity", b'{"id":"p1"}'), ("arguments", b'{"name":"x"}')]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from(["identity", "arguments", "response", "message", "diff"]), st.binary(max_size=500)),
        unique_by=lambda part: part[0],
    )
)
def test_payloads_are_read_back_by_another_vault(tmp_path: Path, parts: list[tuple[PartName, bytes]]) -> None:
    """What one process seals another opens, given the same keys."""
    payload, blob = open_vault(tmp_path).seal(ID, SUBJECT, TIME_US, parts)
    assert payload.key == f"{SUBJECT}/{MONTH}"
    assert open_vault(tmp_path).open(ID, payload, blob) == dict(parts)


def test_the_core_vouches_for_clear_and_sealed_bytes(tmp_path: Path) -> None:
    """Digest is over the stored bytes; the commitment opens with the salt, which only the ciphertext holds."""
    vault = open_vault(tmp_path)
    payload, blob = vault.seal(ID, SUBJECT, TIME_US, PARTS)
    stored = parse_parts(blob)
    assert isinstance(stored, list)
    for part, (name, sealed), (clear_name, clear) in zip(payload.parts, stored, PARTS, strict=True):
        assert part.part == name == clear_name
        assert part.size == len(clear)
        assert part.digest == hashlib.sha256(sealed).hexdigest()
        salted = vault._keys.existing(payload.key).decrypt(sealed[:12], sealed[12:], f"{ID}\0{name}\0{part.commit}".encode())
        assert salted[32:] == clear
        assert hmac.digest(salted[:32], clear, "sha256").hex() == part.commit


def test_equal_payloads_do_not_look_equal(tmp_path: Path) -> None:
    """Commitments are salted: nobody can tell that two calls had the same arguments, nor try values."""
    vault = open_vault(tmp_path)
    sealed = [vault.seal(ID, SUBJECT, TIME_US, [("arguments", b"yes")]) for _ in range(300)]
    assert len({payload.parts[0].commit for payload, _ in sealed}) == len({blob for _, blob in sealed}) == 300


def test_a_changed_byte_or_another_record_is_damaged(tmp_path: Path) -> None:
    """A payload opens only unchanged, and only as that of its own record."""
    vault = open_vault(tmp_path)
    payload, blob = vault.seal(ID, SUBJECT, TIME_US, PARTS)
    for at in range(len(blob)):
        changed = bytearray(blob)
        changed[at] ^= 1
        with pytest.raises(PartUnavailable) as caught:
            vault.open(ID, payload, bytes(changed))
        assert caught.value.reason == "damaged"
    with pytest.raises(PartUnavailable, match="damaged"):
        vault.open(ID.replace("0", "1"), payload, blob)


def test_a_dropped_payload_is_called_dropped(tmp_path: Path) -> None:
    """No bytes where the core lists parts: retention has removed them."""
    vault = open_vault(tmp_path)
    payload, _ = vault.seal(ID, SUBJECT, TIME_US, PARTS)
    with pytest.raises(PartUnavailable) as caught:
        vault.open(ID, payload, b"")
    assert caught.value.reason == "dropped"


def test_erased_is_erased_also_after_new_payloads(tmp_path: Path) -> None:
    """After erasure old payloads are erased for good; new ones of the same subject and month get another key and open."""
    vault = open_vault(tmp_path)
    payload, blob = vault.seal(ID, SUBJECT, TIME_US, PARTS)
    other = vault.seal(ID, "another", TIME_US, PARTS)
    assert vault.erase(SUBJECT, MONTH) == [f"{SUBJECT}/{MONTH}"]
    later, later_blob = vault.seal(ID, SUBJECT, TIME_US, PARTS)
    assert later.key == f"{SUBJECT}/{MONTH}.2"
    for reader in (vault, open_vault(tmp_path)):
        with pytest.raises(PartUnavailable) as caught:
            reader.open(ID, payload, blob)
        assert caught.value.reason == "erased"
        assert reader.open(ID, later, later_blob) == dict(PARTS)
        assert reader.open(ID, *other) == dict(PARTS)
    assert vault.erase(SUBJECT, MONTH) == [f"{SUBJECT}/{MONTH}", f"{SUBJECT}/{MONTH}.2"]


def test_keys_change_with_the_month(tmp_path: Path) -> None:
    """The key is that of the month of the record, in UTC."""
    vault = open_vault(tmp_path)
    ends_us = 1_796_083_200_000_000  # 2026-12-01T00:00:00Z
    assert vault.seal(ID, SUBJECT, ends_us - 1, PARTS)[0].key.endswith("/202611")
    assert vault.seal(ID, SUBJECT, ends_us, PARTS)[0].key.endswith("/202612")
    assert vault.seal(ID, SUBJECT, ends_us - 1, PARTS)[0].key.endswith("/202611")


def test_another_master_key_opens_nothing(tmp_path: Path) -> None:
    """Data keys are wrapped: without the master key their files are worth nothing."""
    payload, blob = open_vault(tmp_path).seal(ID, SUBJECT, TIME_US, PARTS)
    with pytest.raises(PartUnavailable, match="does not open with this master key"):
        Vault(tmp_path / "keys", bytes(32)).open(ID, payload, blob)


def test_pseudonyms_depend_on_the_key(tmp_path: Path) -> None:
    """The same person has one pseudonym in a deployment, and another elsewhere."""
    vault = open_vault(tmp_path)
    assert vault.subject("ada@example.com") == vault.subject("ada@example.com") != vault.subject("bob@example.com")
    assert Vault(tmp_path, bytes(32)).subject("ada@example.com") != vault.subject("ada@example.com")
    assert len(vault.subject("ada@example.com")) == 24
