"""The ring of keys: where it is read from, that nobody else may read it, and that running processes take up a new key."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.credentials.keys import FileRing, KeyRing, KeyUnknown, add_key, new_line, parse_ring, read_ring
from gatebook.log.errors import KeyFileUnsafe


def test_without_a_place_a_file_is_made_that_only_its_owner_reads(tmp_path: Path) -> None:
    """Read again it is the same key."""
    path = tmp_path / "secrets" / "credential.keys"
    first = read_ring("", path, {})
    assert path.stat().st_mode & 0o777 == 0o600
    key_id, wrapped = first.wrap(b"d" * 32, b"here")
    assert read_ring("", path, {}).unwrap(key_id, wrapped, b"here") == b"d" * 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_ring_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The text names the file and what to do, never a key."""
    path = tmp_path / "ring"
    path.write_text(line := new_line())
    path.chmod(mode)
    with pytest.raises(KeyFileUnsafe, match="make it 0600") as caught:
        read_ring(f"file:{path}", tmp_path / "other", {})
    assert line.split()[1] not in str(caught.value)


def test_a_ring_comes_from_the_environment(tmp_path: Path) -> None:
    """Several keys with commas between them; the last one wraps."""
    text = f"old {base64.b64encode(b'a' * 32).decode()},new {base64.b64encode(b'b' * 32).decode()}"
    ring = read_ring("env:RING", tmp_path / "none", {"RING": text})
    assert (ring.ids, ring.current) == (("old", "new"), "new")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "text", ["", "\n", "one", "one two three", "one AAAA", "One " + "A" * 44, "k1 " + "A" * 43 + "= \nk1 " + "A" * 43 + "="]
)
def test_what_is_no_ring_is_refused_with_its_place(text: str) -> None:
    """An id twice, a key that is too short, a word too many."""
    with pytest.raises(KeyFileUnsafe, match="the ring"):
        parse_ring(text, "the ring")


@given(st.text(max_size=200))
def test_any_text_is_a_ring_or_refused(text: str) -> None:
    """Nothing else comes out of reading it, and what it says holds no part of the text."""
    try:
        parse_ring(text, "R")
    except KeyFileUnsafe as error:
        assert str(error).startswith("R")


def test_a_running_process_takes_up_a_key_that_was_added(tmp_path: Path) -> None:
    """And still opens what is under the old one."""
    path = tmp_path / "ring"
    path.write_text(new_line())
    path.chmod(0o600)
    running = FileRing(path)
    old, wrapped = running.wrap(b"d" * 32, b"c")
    new = add_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert running.current == new != old
    assert running.unwrap(old, wrapped, b"c") == b"d" * 32
    path.unlink()
    assert running.unwrap(old, wrapped, b"c") == b"d" * 32, "what is known stays good"


def test_a_key_that_is_not_in_the_ring_is_named() -> None:
    """So that the administrator knows which one to put back."""
    key_id, wrapped = KeyRing({"gone": b"a" * 32}).wrap(b"d" * 32, b"c")
    with pytest.raises(KeyUnknown, match="'gone'"):
        KeyRing({"here": b"b" * 32}).unwrap(key_id, wrapped, b"c")
