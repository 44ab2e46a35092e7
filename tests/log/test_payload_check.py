"""Payloads against the record that vouches for them: the quick and the full comparison agree."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.log.payload_check import is_listed, lists_payload, what_is_wrong
from gatebook.log.vault import Vault
from gatebook.record.codec import encode_core
from gatebook.record.parts import PartName
from tests.log.sealed_log import call_started

NAMES: list[PartName] = ["identity", "arguments", "response", "message", "diff"]


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """Seals real payloads."""
    return Vault(tmp_path_factory.mktemp("keys"), bytes(32))


def sealed(vault: Vault, parts: list[tuple[PartName, bytes]]) -> tuple[bytes, bytes]:
    """Core and payload of a record with these parts."""
    payload, blob = vault.seal("0" * 36, "ab" * 12, 1_800_000_000_000_000, parts)
    body = replace(call_started("tool"), payload=payload)
    return encode_core(body, id="0" * 36, stream="node-w0", seq=1, prev="0" * 64, time_us=1), blob


def quick(core: bytes, payload: bytes) -> bool:
    """The quick comparison, as the scan calls it."""
    return is_listed(core, payload, memoryview(payload), 0, len(payload))


@given(parts=st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=300)), min_size=1, max_size=4), data=st.data())
def test_both_comparisons_agree(vault: Vault, parts: list[tuple[PartName, bytes]], data: st.DataObject) -> None:
    """What was sealed passes both; with any byte changed, taken out or added neither."""
    core, payload = sealed(vault, parts)
    assert quick(core, payload) and what_is_wrong(core, payload) is None
    at = data.draw(st.integers(0, len(payload) - 1))
    flipped = payload[:at] + bytes([payload[at] ^ data.draw(st.integers(1, 255))]) + payload[at + 1 :]
    for changed in (flipped, payload[:-1], payload + b"\0", payload + struct.pack("<BI", 1, 0), payload + payload):
        assert not quick(core, changed)
        assert what_is_wrong(core, changed) is not None


def test_a_part_that_is_missing(vault: Vault) -> None:
    """Fewer parts than are listed, or parts that no record lists, are wrong; all gone is a dropped payload."""
    core, payload = sealed(vault, [("identity", b"a"), ("arguments", b"b")])
    first = payload[: 5 + struct.unpack_from("<I", payload, 1)[0]]
    assert not quick(core, first) and what_is_wrong(core, first) == "the parts are not those that the record lists"
    bare = encode_core(call_started("tool"), id="0" * 36, stream="node-w0", seq=1, prev="0" * 64, time_us=1)
    assert not quick(bare, payload) and what_is_wrong(bare, payload) == "there is a payload that the record does not list"
    assert lists_payload(core) and not lists_payload(bare) and not lists_payload(b"rubbish")
